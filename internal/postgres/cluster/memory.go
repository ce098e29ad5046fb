package cluster

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	minBuffers = 128 << 20 // PostgreSQL's own default
	maxBuffers = 1 << 30
	// buffersShare leaves most of the memory to the kernel's cache and to the server beside it.
	buffersShare = 16
)

// sizeSettings returns the settings for a machine with so many bytes of memory. PostgreSQL's own defaults suit small
// databases: with 128 MB of buffers and a checkpoint each gigabyte of WAL, statements that touch many pages read and
// log them again and again.
func sizeSettings(memory uint64) []string {
	buffers := min(max(memory/buffersShare, minBuffers), maxBuffers)
	return []string{
		fmt.Sprintf("shared_buffers=%dkB", buffers>>10),
		"max_wal_size=2GB",
		"min_wal_size=1GB", // files that were needed once are used again, which is faster than to make new ones
	}
}

// availableMemory returns the bytes of memory of the machine, or of the container if that has a lower limit (cgroup
// v2). It returns 0 if it can't be read.
func availableMemory() uint64 {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return 0
	}
	memory := uint64(info.Totalram) * uint64(info.Unit) //nolint:unconvert // 32 bits on some processors
	text, err := os.ReadFile("/sys/fs/cgroup/memory.max")
	if err != nil {
		return memory
	}
	limit, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil { // "max"
		return memory
	}
	return min(memory, limit)
}
