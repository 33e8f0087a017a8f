package main

import "testing"

func TestPathsInNormalForm(t *testing.T) {
	for path, want := range map[string]bool{
		"/": true, "/orders/1": true, "/orders/.hidden": true, "/a%20b": true,
		"": false, "orders": false, "//orders": false, "/a/../orders": false, "/a/.": false, "/a%2F": false, "/a%2e%2e": false,
		"/a;b": false, "/a\\b": false,
	} {
		if isNormal(path) != want {
			t.Errorf("isNormal(%q) is not %v", path, want)
		}
	}
}

func TestBearer(t *testing.T) {
	for value, want := range map[string]string{"Bearer abc": "abc", "bearer abc": "abc", "Basic abc": "", "Bearer ": ""} {
		if got, _ := bearer(value); got != want {
			t.Errorf("bearer(%q) = %q", value, got)
		}
	}
}
