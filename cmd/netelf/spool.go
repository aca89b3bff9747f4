package main

import (
	"io"
	"os"
)

// spool is a temporary file that nobody else sees.
type spool struct {
	file *os.File
	done chan struct{} // closed when it is written
	err  error         // of writing it
}

func (s *spool) open() (err error) {
	if s.file, err = os.CreateTemp("", "netelf-*"); err != nil {
		return err
	}
	_ = os.Remove(s.file.Name()) // where an open file cannot be removed, close does it
	return nil
}

func (s *spool) copyTo(w io.Writer) error {
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := io.Copy(w, s.file)
	return err
}

func (s *spool) close() {
	if s.file != nil {
		_ = s.file.Close() // what was in it has been used
		_ = os.Remove(s.file.Name())
	}
}
