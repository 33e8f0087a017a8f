package main

import "strings"

// isNormal refuses what another server might read as another path: empty and dotted segments, backslashes, path
// parameters and encoded separators.
func isNormal(path string) bool {
	if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "\\;") || strings.Contains(path, "//") {
		return false
	}
	if strings.Contains(path, "/.") {
		for _, segment := range strings.Split(path, "/") {
			if segment == "." || segment == ".." {
				return false
			}
		}
	}
	return !strings.Contains(path, "%") || isEncodedNormally(path)
}

func isEncodedNormally(path string) bool {
	lower := strings.ToLower(path)
	for _, encoded := range []string{"%2e", "%2f", "%5c", "%3b", "%25", "%00"} {
		if strings.Contains(lower, encoded) {
			return false
		}
	}
	return true
}
