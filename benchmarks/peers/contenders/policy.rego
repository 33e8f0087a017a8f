# The same condition for OPA's Envoy plugin. decode_verify is what OPA's token cache keeps whole: signature, header and
# claims; verify_eddsa and decode in turn would decode each time.
package envoy.authz

default decision := {"allowed": false, "http_status": 401}

request := input.attributes.request.http

token := substring(request.headers.authorization, count("Bearer "), -1) if {
	startswith(request.headers.authorization, "Bearer ")
}

claims := payload if {
	[valid, _, payload] := io.jwt.decode_verify(token, {
		"cert": data.settings.jwks,
		"iss": data.settings.issuer,
		"aud": data.settings.audience,
		"alg": "EdDSA",
	})
	valid
}

path := split(request.path, "?")[0]

ambiguous if regex.match(`//|/\.{1,2}(/|$)|[\\;]|%2[EeFf5]|%3[Bb]|%5[Cc]|%00`, path)

allowed if {
	request.method == "GET"
	startswith(path, data.settings.prefix)
	not ambiguous
	data.settings.group in claims.groups
}

decision := {
	"allowed": true,
	"headers": {
		"x-auth-subject": claims.sub,
		"x-auth-issuer": claims.iss,
		"x-auth-scopes": claims.scope,
		"x-auth-tenant": claims.tenant,
	},
	"dynamic_metadata": {
		"decision": "allow",
		"policy": "orders",
		"issuer": claims.iss,
		"subject": claims.sub,
		"claims": {"tenant": claims.tenant, "groups": claims.groups},
	},
} if allowed

decision := {"allowed": false, "http_status": 403} if {
	claims
	not allowed
}
