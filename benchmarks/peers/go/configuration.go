package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
)

type configuration struct {
	Issuer     string `json:"issuer"`
	Audience   string `json:"audience"`
	SkewSecond int    `json:"clock_skew_seconds"`
	MaxTokens  int64  `json:"max_tokens"`
	Rule       rule   `json:"rule"`
	Keys       []jwk  `json:"keys"`
	keys       map[string]ed25519.PublicKey
}

type jwk struct {
	KeyID string `json:"kid"`
	Curve string `json:"crv"`
	X     string `json:"x"`
}

func (c *configuration) skew() time.Duration { return time.Duration(c.SkewSecond) * time.Second }

func readConfiguration(file string) (*configuration, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	made := &configuration{keys: map[string]ed25519.PublicKey{}}
	if err := json.Unmarshal(data, made); err != nil {
		return nil, err
	}
	for _, key := range made.Keys {
		point, err := base64.RawURLEncoding.DecodeString(key.X)
		if err != nil || key.Curve != "Ed25519" || len(point) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("key %q is no Ed25519 key", key.KeyID)
		}
		made.keys[key.KeyID] = point
	}
	if len(made.keys) == 0 || made.Issuer == "" || made.Audience == "" || made.Rule.Prefix == "" {
		return nil, errors.New("keys, issuer, audience and rule are needed")
	}
	return made, nil
}
