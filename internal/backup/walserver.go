package backup

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"amrutam/internal/postgres/cluster"
)

const (
	// prefetch is how many WAL files are unpacked before PostgreSQL asks for them.
	prefetch     = 8
	pollInterval = 5 * time.Millisecond
)

// walServer answers restore_command: a file x.ask asks for the file x, and x.yes with its content, or x.no, is the
// answer.
type walServer struct {
	plan  Plan
	draft *cluster.Draft
	next  segment // to be unpacked ahead; 0 before the first request
}

// serve answers until ctx ends.
func (s *walServer) serve(ctx context.Context) error {
	for ctx.Err() == nil {
		asked, ready, err := listRequests(s.draft.WAL())
		if err != nil {
			return err
		}
		for _, name := range asked {
			if err := s.answer(name, ready); err != nil {
				return err
			}
		}
		switch {
		case len(asked) > 0:
		case s.next > 0 && s.next <= s.plan.last && len(ready) < prefetch:
			if err := s.handOver(s.next); err != nil {
				return err
			}
			s.next++
		default:
			_ = wait(ctx, pollInterval)
		}
	}
	return nil
}

// listRequests returns the names that PostgreSQL asks for, and those that are ready.
func listRequests(dir string) (asked []string, ready map[string]bool, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	ready = map[string]bool{}
	for _, e := range entries {
		if name, found := strings.CutSuffix(e.Name(), ".ask"); found {
			asked = append(asked, name)
		} else if name, found := strings.CutSuffix(e.Name(), ".yes"); found {
			ready[name] = true
		}
	}
	return asked, ready, nil
}

// answer hands over what PostgreSQL asks for, or says that it isn't there.
func (s *walServer) answer(name string, ready map[string]bool) error {
	path := filepath.Join(s.draft.WAL(), name)
	if err := os.Remove(path + ".ask"); err != nil {
		return err
	}
	timeline, number, ok := parseSegment(name, s.plan.Base.Segment)
	switch {
	case ready[name]:
		return nil
	case !ok || timeline != s.plan.Base.Timeline || number > s.plan.last:
		no, err := s.draft.CreateFile(path+".no", 0o600)
		if err != nil {
			return err
		}
		return no.Close()
	}
	s.next = max(s.next, number+1)
	return s.handOver(number)
}

// handOver unpacks a WAL file, and gives it its name when it is complete.
func (s *walServer) handOver(number segment) error {
	name := s.plan.name(number)
	path := filepath.Join(s.draft.WAL(), name)
	file, err := s.draft.CreateFile(path+".new", 0o600)
	if err != nil {
		return err
	}
	err = s.plan.Series.copyWAL(name, file)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path+".yes")
}
