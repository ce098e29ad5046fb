package cluster

import "testing"

func TestSizeSettingsFitMemory(t *testing.T) {
	t.Parallel()
	if availableMemory() < minBuffers {
		t.Error("the memory of the machine isn't found")
	}
	for _, c := range []struct {
		memory uint64
		want   string
	}{
		{0, "shared_buffers=131072kB"},
		{4 << 30, "shared_buffers=262144kB"},
		{1 << 40, "shared_buffers=1048576kB"},
	} {
		if got := sizeSettings(c.memory)[0]; got != c.want {
			t.Errorf("with %d bytes of memory: %s, want %s", c.memory, got, c.want)
		}
	}
}
