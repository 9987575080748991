package node

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// file is one file of a volume.
type file struct {
	content []byte
	mode    fs.FileMode
}

// dataLink leads to the folder with a volume's present content; each file of the
// volume is a link through it. It is the kubelet's arrangement: renaming one link
// swaps all files at once, so that a certificate is never seen with another's key.
const dataLink = "..data"

// writeVolume makes dir hold exactly these files (keys are slash-separated paths)
// and reports whether anything changed. A reader sees the old content or the
// new, whole; so does whoever comes after a crash.
func writeVolume(dir string, files map[string]file) (changed bool, err error) {
	if sameVolume(dir, files) {
		return false, nil
	}
	name := ".." + rand.Text()
	for path, f := range files {
		target := filepath.Join(dir, name, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
			return false, err
		}
		if err := os.WriteFile(target, f.content, f.mode&0o700); err != nil {
			return false, err
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
		return false, err
	}
	before, err := os.Readlink(filepath.Join(dir, dataLink))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err := swapLink(name, filepath.Join(dir, dataLink)); err != nil {
		return false, err
	}
	if err := linkTops(dir, files); err != nil {
		return true, err
	}
	if before == "" {
		return true, nil
	}
	return true, os.RemoveAll(filepath.Join(dir, before))
}

func sameVolume(dir string, files map[string]file) bool {
	root := filepath.Join(dir, dataLink)
	if _, err := os.Stat(root); err != nil {
		return false
	}
	for path, f := range files {
		have, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
		if err != nil || !bytes.Equal(have, f.content) {
			return false
		}
	}
	count := 0
	real, err := filepath.EvalSymlinks(root)
	if err != nil {
		return false
	}
	err = filepath.WalkDir(real, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			count++
		}
		return err
	})
	return err == nil && count == len(files)
}

// linkTops makes one link per first path element, and removes those of files
// that are gone.
func linkTops(dir string, files map[string]file) error {
	tops := map[string]bool{}
	for path := range files {
		top, _, _ := strings.Cut(path, "/")
		tops[top] = true
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "..") && !tops[e.Name()] {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	for top := range tops {
		if err := swapLink(filepath.Join(dataLink, top), filepath.Join(dir, top)); err != nil {
			return err
		}
	}
	return nil
}

func swapLink(target, link string) error {
	if have, err := os.Readlink(link); err == nil && have == target {
		return nil
	}
	next := filepath.Join(filepath.Dir(link), "..next")
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(target, next); err != nil {
		return err
	}
	return os.Rename(next, link)
}

// replaceFile writes a file so that a reader sees the old content or the new.
func replaceFile(path string, content []byte) error {
	next := path + ".next"
	if err := os.WriteFile(next, content, 0o600); err != nil {
		return err
	}
	return os.Rename(next, path)
}
