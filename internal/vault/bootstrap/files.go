package bootstrap

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/concordat-hub/concordat/internal/message"
)

// File is one reviewable file of a plan.
type File struct {
	Name    string
	Content []byte
}

// Files renders the plan: one numbered JSON file per call with title, method, path and body, and
// beside each policy its text as HCL. No secret is among them.
func (p Plan) Files(lang string) ([]File, error) {
	var files []File
	for _, s := range p.Steps {
		body := s.Body
		if text, ok := body["policy"].(string); ok {
			name := strings.TrimSuffix(s.File, ".json") + ".hcl"
			files = append(files, File{name, []byte(text)})
			body = map[string]any{"policy": "@" + name}
		}
		var out bytes.Buffer
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		err := enc.Encode(struct {
			Title  string         `json:"title"`
			Method string         `json:"method"`
			Path   string         `json:"path"`
			Body   map[string]any `json:"body"`
		}{message.Render(lang, s.Title), s.Method, "/v1/" + s.Path, body})
		if err != nil {
			return nil, fmt.Errorf("step %s: %w", s.File, err)
		}
		files = append(files, File{s.File, out.Bytes()})
	}
	return files, nil
}

// WriteFiles writes Files in English into dir, which it makes if needed. It refuses a folder that
// holds anything else, so that what is reviewed is all that there is.
func (p Plan) WriteFiles(dir string) error {
	files, err := p.Files("en")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	expected := make(map[string]bool, len(files))
	for _, f := range files {
		expected[f.Name] = true
	}
	present, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range present {
		if !expected[entry.Name()] {
			return fmt.Errorf("%s holds %s, which is not part of this plan", dir, entry.Name())
		}
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
