package node

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestAVolumeIsSwappedAsAWhole(t *testing.T) {
	dir := t.TempDir()
	write := func(want bool, files map[string]file) {
		t.Helper()
		changed, err := writeVolume(dir, files)
		if err != nil || changed != want {
			t.Fatalf("changed %v, %v", changed, err)
		}
		for path, f := range files {
			if got, err := os.ReadFile(filepath.Join(dir, path)); err != nil || string(got) != string(f.content) {
				t.Fatalf("%s holds %q (%v), want %q", path, got, err, f.content)
			}
		}
	}
	pair := func(v string) map[string]file {
		return map[string]file{"tls.crt": {[]byte(v), 0o644}, "deep/tls.key": {[]byte(v), 0o600}}
	}
	write(true, pair("1"))
	write(false, pair("1"))
	write(true, pair("2"))
	write(true, map[string]file{"tls.crt": {[]byte("3"), 0o644}})
	if _, err := os.Lstat(filepath.Join(dir, "deep")); !os.IsNotExist(err) {
		t.Fatal("a file that is gone was left behind")
	}
	write(true, map[string]file{})
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 { // ..data and its folder
		t.Fatalf("left behind: %v (%v)", entries, err)
	}
}

func TestAReaderNeverSeesTwoGenerations(t *testing.T) {
	dir := t.TempDir()
	content := func(i int) map[string]file {
		v := []byte{byte('a' + i%20)}
		return map[string]file{"cert": {v, 0o600}, "key": {v, 0o600}}
	}
	if _, err := writeVolume(dir, content(0)); err != nil {
		t.Fatal(err)
	}
	var reader sync.WaitGroup
	stop := make(chan struct{})
	reader.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			generation, err := filepath.EvalSymlinks(filepath.Join(dir, dataLink))
			if err != nil {
				continue // swapped between two steps of following the link
			}
			cert, err1 := os.ReadFile(filepath.Join(generation, "cert"))
			key, err2 := os.ReadFile(filepath.Join(generation, "key"))
			if err1 == nil && err2 == nil && string(cert) != string(key) {
				t.Errorf("cert of %s with the key of %s", cert, key)
			}
		}
	})
	for i := range 200 {
		if _, err := writeVolume(dir, content(i)); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	reader.Wait()
}
