package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/types/known/structpb"
)

var errToken = errors.New("not a token that is taken")

// identity is what a verified token says, and the response for it: header and metadata depend on nothing else.
type identity struct {
	expires  time.Time
	groups   []string
	response *auth.CheckResponse
}

// tokens remembers identities by token, up to a bound; what has expired is swept out.
type tokens struct {
	configuration *configuration
	known         sync.Map // string -> *identity
	count         atomic.Int64
}

func newTokens(c *configuration) *tokens {
	made := &tokens{configuration: c}
	go made.sweep()
	return made
}

func (t *tokens) identity(token string, now time.Time) (*identity, error) {
	if found, there := t.known.Load(token); there {
		known := found.(*identity)
		if now.After(known.expires) {
			return nil, errToken
		}
		return known, nil
	}
	made, err := verify(t.configuration, token, now)
	if err != nil {
		return nil, err
	}
	if t.count.Load() < t.configuration.MaxTokens {
		// The token is a part of the request's memory, all of which it would keep.
		if _, there := t.known.LoadOrStore(strings.Clone(token), made); !there {
			t.count.Add(1)
		}
	}
	return made, nil
}

func (t *tokens) sweep() {
	for now := range time.Tick(time.Minute) {
		t.known.Range(func(token, known any) bool {
			if now.After(known.(*identity).expires) {
				t.known.Delete(token)
				t.count.Add(-1)
			}
			return true
		})
	}
}

type claims struct {
	Issuer    string    `json:"iss"`
	Subject   string    `json:"sub"`
	Audience  audiences `json:"aud"`
	Expires   float64   `json:"exp"`
	NotBefore float64   `json:"nbf"`
	Scope     string    `json:"scope"`
	Tenant    string    `json:"tenant"`
	Groups    []string  `json:"groups"`
}

// audiences is one string or a list of them (RFC 7519, section 4.1.3).
type audiences []string

func (a *audiences) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*a = audiences{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(a))
}

func (a audiences) has(wanted string) bool {
	for _, one := range a {
		if one == wanted {
			return true
		}
	}
	return false
}

func verify(c *configuration, token string, now time.Time) (*identity, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errToken
	}
	var head struct {
		Algorithm string   `json:"alg"`
		Type      string   `json:"typ"`
		KeyID     string   `json:"kid"`
		Critical  []string `json:"crit"`
	}
	if decode(parts[0], &head) != nil || head.Algorithm != "EdDSA" || len(head.Critical) != 0 {
		return nil, errToken
	}
	key, there := c.keys[head.KeyID]
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if !there || err != nil || (head.Type != "" && !strings.EqualFold(head.Type, "JWT")) {
		return nil, errToken
	}
	if !ed25519.Verify(key, []byte(token[:len(parts[0])+1+len(parts[1])]), signature) {
		return nil, errToken
	}
	var said claims
	if decode(parts[1], &said) != nil {
		return nil, errToken
	}
	expires := time.UnixMilli(int64(said.Expires * 1000)).Add(c.skew())
	early := now.Add(c.skew()).Before(time.UnixMilli(int64(said.NotBefore * 1000)))
	if said.Issuer != c.Issuer || said.Subject == "" || !said.Audience.has(c.Audience) || now.After(expires) || early {
		return nil, errToken
	}
	response, err := allowance(&said)
	if err != nil {
		return nil, err
	}
	return &identity{expires: expires, groups: said.Groups, response: response}, nil
}

func decode(part string, into any) error {
	data, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

func allowance(said *claims) (*auth.CheckResponse, error) {
	groups := make([]any, len(said.Groups))
	for index, group := range said.Groups {
		groups[index] = group
	}
	metadata, err := structpb.NewStruct(map[string]any{
		"decision": "allow",
		"reason":   "ok",
		"policy":   "orders",
		"issuer":   said.Issuer,
		"subject":  said.Subject,
		"claims":   map[string]any{"tenant": said.Tenant, "groups": groups},
	})
	if err != nil {
		return nil, err
	}
	headers := []*core.HeaderValueOption{
		set("x-auth-subject", said.Subject),
		set("x-auth-issuer", said.Issuer),
		set("x-auth-scopes", said.Scope),
		set("x-auth-tenant", said.Tenant),
	}
	return &auth.CheckResponse{
		Status:          &status.Status{},
		HttpResponse:    &auth.CheckResponse_OkResponse{OkResponse: &auth.OkHttpResponse{Headers: headers}},
		DynamicMetadata: metadata,
	}, nil
}
