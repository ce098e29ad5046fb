package main

import (
	"runtime/debug"
	"testing"
)

func TestResolveVersion(t *testing.T) {
	t.Parallel()
	info := func(version string, pairs ...string) *debug.BuildInfo {
		i := &debug.BuildInfo{Main: debug.Module{Version: version}}
		for n := 0; n < len(pairs); n += 2 {
			i.Settings = append(i.Settings, debug.BuildSetting{Key: pairs[n], Value: pairs[n+1]})
		}
		return i
	}
	const revision = "0123456789abcdef0123456789abcdef01234567"
	for _, c := range []struct {
		built string
		info  *debug.BuildInfo
		want  string
	}{
		{"v1.2.0-3-g0123456", info("(devel)", "vcs.revision", revision), "v1.2.0-3-g0123456"},
		{"", info("v0.0.0-20260101000000-0123456789ab", "vcs.revision", revision, "vcs.modified", "false"),
			"0123456789ab"},
		{"", info("(devel)", "vcs.revision", revision, "vcs.modified", "true"), "0123456789ab-dirty"},
		{"", info("v1.2.0"), "v1.2.0"},
		{"", info("(devel)"), "devel"},
		{"", info(""), "unknown"},
		{"", nil, "unknown"},
	} {
		if got := resolveVersion(c.built, c.info); got != c.want {
			t.Errorf("%q %+v: %s, want %s", c.built, c.info, got, c.want)
		}
	}
}
