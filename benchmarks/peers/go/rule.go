package main

import "strings"

// rule lets one method on paths below a prefix through for the members of a group.
type rule struct {
	Method string `json:"method"`
	Prefix string `json:"prefix"`
	Group  string `json:"group"`
}

func (r *rule) allows(method, path string, who *identity) bool {
	if method != r.Method || !strings.HasPrefix(path, r.Prefix) {
		return false
	}
	for _, group := range who.groups {
		if group == r.Group {
			return true
		}
	}
	return false
}
