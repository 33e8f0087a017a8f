package main

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	kind "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
)

type checker struct {
	auth.UnimplementedAuthorizationServer
	configuration *configuration
	tokens        *tokens
	allowed       atomic.Uint64
	denied        atomic.Uint64
	unauthorised  *auth.CheckResponse
	forbidden     *auth.CheckResponse
}

func newChecker(c *configuration) *checker {
	return &checker{
		configuration: c,
		tokens:        newTokens(c),
		unauthorised:  denial(codes.Unauthenticated, kind.StatusCode_Unauthorized, "Bearer realm=\"api\""),
		forbidden:     denial(codes.PermissionDenied, kind.StatusCode_Forbidden, ""),
	}
}

// Check answers one check. All responses were made before and are only read: gRPC serialises them.
func (c *checker) Check(_ context.Context, request *auth.CheckRequest) (*auth.CheckResponse, error) {
	http := request.GetAttributes().GetRequest().GetHttp()
	response := c.decide(http)
	if response.GetStatus().GetCode() == int32(codes.OK) {
		c.allowed.Add(1)
	} else {
		c.denied.Add(1)
	}
	return response, nil
}

func (c *checker) decide(http *auth.AttributeContext_HttpRequest) *auth.CheckResponse {
	path, _, _ := strings.Cut(http.GetPath(), "?")
	if !isNormal(path) {
		return c.forbidden
	}
	token, isBearer := bearer(header(http, "authorization"))
	if !isBearer {
		return c.unauthorised
	}
	known, err := c.tokens.identity(token, time.Now())
	if err != nil {
		return c.unauthorised
	}
	if !c.configuration.Rule.allows(http.GetMethod(), path, known) {
		return c.forbidden
	}
	return known.response
}

// header reads what Envoy sent either as a map or, with encode_raw_headers, one by one.
func header(http *auth.AttributeContext_HttpRequest, name string) string {
	if value, there := http.GetHeaders()[name]; there {
		return value
	}
	for _, one := range http.GetHeaderMap().GetHeaders() {
		if one.GetKey() == name {
			if len(one.GetRawValue()) != 0 {
				return string(one.GetRawValue())
			}
			return one.GetValue()
		}
	}
	return ""
}

func bearer(value string) (string, bool) {
	const scheme = "bearer "
	if len(value) <= len(scheme) || !strings.EqualFold(value[:len(scheme)], scheme) {
		return "", false
	}
	return value[len(scheme):], true
}

func denial(code codes.Code, http kind.StatusCode, challenge string) *auth.CheckResponse {
	denied := &auth.DeniedHttpResponse{Status: &kind.HttpStatus{Code: http}, Body: code.String() + "\n"}
	if challenge != "" {
		denied.Headers = []*core.HeaderValueOption{set("www-authenticate", challenge)}
	}
	return &auth.CheckResponse{
		Status:       &status.Status{Code: int32(code)},
		HttpResponse: &auth.CheckResponse_DeniedResponse{DeniedResponse: denied},
	}
}

func set(name, value string) *core.HeaderValueOption {
	return &core.HeaderValueOption{
		Header:       &core.HeaderValue{Key: name, Value: value},
		AppendAction: core.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
	}
}
