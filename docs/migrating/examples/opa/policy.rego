package envoy.authz

request := input.attributes.request.http

path := split(request.path, "?")[0]

token := substring(request.headers.authorization, count("Bearer "), -1) if {
	startswith(request.headers.authorization, "Bearer ")
}

claims := payload if {
	[valid, _, payload] := io.jwt.decode_verify(token, {
		"cert": data.jwks,
		"iss": "https://idp.example.com",
		"aud": "orders",
		"alg": "EdDSA",
	})
	valid
}

scopes := split(claims.scope, " ")

public if {
	request.method == "GET"
	path == "/healthz"
}

suspended if claims.tenant == "suspended"

granted if {
	request.method in {"GET", "HEAD"}
	startswith(path, "/orders/")
}

granted if {
	request.method == "POST"
	path == "/orders"
	"orders:write" in scopes
}

granted if {
	request.method == "DELETE"
	startswith(path, "/orders/")
	"admins" in claims.groups
}

default result := {"allowed": false, "http_status": 401}

result := {"allowed": true} if public

result := {"allowed": true, "headers": {"x-auth-subject": claims.sub}} if {
	not public
	claims
	granted
	not suspended
}

result := {"allowed": false, "http_status": 403} if {
	not public
	claims
	not granted
}

result := {"allowed": false, "http_status": 403} if {
	not public
	granted
	suspended
}
