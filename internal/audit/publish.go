package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"amrutam/internal/postgres"
)

// Sink is where checkpoints are written outside of the database, in the order of their size. A checkpoint may be
// written twice.
type Sink interface {
	Append(ctx context.Context, notes []string) error
}

// NewSink returns the sink of the setting AMRUTAM_AUDIT_CHECKPOINTS: the address of a server (http, https), the path
// of a file, or nil for "none".
func NewSink(setting string, client *http.Client) Sink {
	switch {
	case setting == "none" || setting == "":
		return nil
	case strings.HasPrefix(setting, "http://"), strings.HasPrefix(setting, "https://"):
		return serverSink{setting, client}
	}
	return FileSink(setting)
}

// FileSink is a file to which checkpoints are appended: a line of JSON each, {"note": "…"}.
type FileSink string

// fileLine is a line of the file.
type fileLine struct {
	Note string `json:"note"`
}

// Append appends the notes and waits until they are on the disk.
func (f FileSink) Append(_ context.Context, notes []string) (err error) {
	file, err := os.OpenFile(string(f), os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	var lines bytes.Buffer
	if isCut, err := endsInLine(file); err != nil {
		return err
	} else if isCut {
		lines.WriteByte('\n')
	}
	for _, note := range notes {
		line, err := json.Marshal(fileLine{note})
		if err != nil {
			return err
		}
		lines.Write(append(line, '\n'))
	}
	if _, err := file.Write(lines.Bytes()); err != nil {
		return err
	}
	return file.Sync()
}

// endsInLine reports whether the file ends within a line: an earlier write was interrupted.
func endsInLine(file *os.File) (bool, error) {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return false, err
	}
	last := make([]byte, 1)
	_, err = file.ReadAt(last, info.Size()-1)
	return last[0] != '\n', err
}

// serverSink is a server that gets each checkpoint as the body of a POST.
type serverSink struct {
	url    string
	client *http.Client
}

// Append sends the notes one by one.
func (s serverSink) Append(ctx context.Context, notes []string) error {
	for _, note := range notes {
		if err := s.send(ctx, note); err != nil {
			return err
		}
	}
	return nil
}

func (s serverSink) send(ctx context.Context, note string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, strings.NewReader(note))
	if err != nil {
		return errors.New("the address is not valid")
	}
	r.Header.Set("Content-Type", "text/plain; charset=utf-8")
	response, err := s.client.Do(r)
	if err != nil {
		return errors.New("the server can't be reached") // the error holds the address, which may have a password
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16)); err != nil {
		return errors.New("the server's answer was cut")
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("the server answered %d", response.StatusCode)
	}
	return nil
}

// publish writes the checkpoints that are only in the database to the sink, after the statements of restores.
func (s *Service) publish(ctx context.Context) error {
	if s.Sink != nil {
		if err := s.publishRestores(ctx); err != nil {
			return err
		}
	}
	for s.Sink != nil {
		var waiting []listUnpublishedRow
		err := s.DB.Read(ctx, func(r *postgres.Read) (err error) {
			waiting, err = listUnpublished(ctx, r)
			return err
		})
		if err != nil || len(waiting) == 0 {
			return err
		}
		notes := make([]string, len(waiting))
		for i, c := range waiting {
			notes[i] = c.Note
		}
		if err := s.Sink.Append(ctx, notes); err != nil {
			return fmt.Errorf("write checkpoints to AMRUTAM_AUDIT_CHECKPOINTS: %w", err)
		}
		err = s.DB.Write(ctx, func(tx *postgres.Tx) error {
			return setPublished(ctx, tx, waiting[len(waiting)-1].Size)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
