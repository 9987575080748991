package story

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// receipts gets the receipts of a release and of an open, verifies them without
// any server, and shows that one changed byte is noticed.
func (s *Story) receipts(ctx context.Context) error {
	s.say("demo_receipts", nil)
	one := s.bulletins[0]
	logKey, err := s.logKey(ctx)
	if err != nil {
		return err
	}
	for _, of := range []struct{ agency, what string }{{one.publisher, "release"}, {one.readers, "open"}} {
		file := filepath.Join(s.scratch, fmt.Sprintf("b1-%s.tlog-proof", of.what))
		if _, err := s.does(ctx, s.As(of.agency, "analyst-1"), "receipt", "get", one.item, "--of", of.what, "--out", file); err != nil {
			return err
		}
		if err := s.verifies(ctx, file, logKey); err != nil {
			return err
		}
	}
	s.say("demo_receipts_changed", nil)
	return s.changedByte(ctx, filepath.Join(s.scratch, "b1-release.tlog-proof"), logKey)
}

// logKey is the one key that a verifier needs: it stands in the agreement.
func (s *Story) logKey(ctx context.Context) (string, error) {
	found, err := s.agreement(ctx, s.As(a, "signatory-1"), "AG-1")
	if err != nil {
		return "", err
	}
	var shown struct {
		LogKey string `json:"logKey"`
	}
	err = s.As(a, "signatory-1").Must(ctx, &shown, "agreement", "show", found.ID)
	return shown.LogKey, err
}

func (s *Story) verifies(ctx context.Context, file, logKey string) error {
	args := []string{"receipt", "verify", file, "--log-key", logKey}
	s.show("", "concordat", []string{"receipt", "verify", filepath.Base(file), "--log-key", logKey})
	result, err := s.Concordat(ctx, args...)
	if err != nil {
		return err
	}
	s.output(result.Stdout)
	if result.Code != 0 {
		return fmt.Errorf("the receipt does not verify: %s", result.Stderr)
	}
	return nil
}

func (s *Story) changedByte(ctx context.Context, file, logKey string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	raw[len(raw)/2] ^= 1
	changed := file + ".changed"
	if err := os.WriteFile(changed, raw, 0o600); err != nil {
		return err
	}
	s.show("", "concordat", []string{"receipt", "verify", filepath.Base(changed), "--log-key", logKey})
	result, err := s.Concordat(ctx, "receipt", "verify", changed, "--log-key", logKey)
	if err != nil {
		return err
	}
	s.output(result.Stderr)
	if result.Code != exitFailed {
		return fmt.Errorf("a receipt with one byte changed ended with exit code %d", result.Code)
	}
	return nil
}
