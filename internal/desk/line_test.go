package desk_test

import (
	"net"
	"sync"
	"testing"
)

// line forwards connections to the hub and fails as networks do.
type line struct {
	address string
	mu      sync.Mutex
	target  string
	budget  int64 // bytes in either direction before the next cut
	cuts    int   // still to come
	seen    int64
	open    map[net.Conn]bool
}

func newLine(t *testing.T, target string) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{address: listener.Addr().String(), target: target, open: map[net.Conn]bool{}}
	t.Cleanup(func() { _ = listener.Close(); l.to("") })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go l.forward(conn)
		}
	}()
	return l
}

// to changes where the line leads, and cuts what is open; "" leads nowhere.
func (l *line) to(target string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.target = target
	for conn := range l.open {
		_ = conn.Close()
	}
}

// cutAfter cuts a connection each time that many bytes have passed, the given
// number of times.
func (l *line) cutAfter(bytes int64, times int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.budget, l.cuts, l.seen = bytes, times, 0
	for conn := range l.open {
		_ = conn.Close()
	}
}

func (l *line) cutsLeft() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cuts
}

func (l *line) forward(conn net.Conn) {
	defer conn.Close()
	l.mu.Lock()
	target := l.target
	l.open[conn] = true
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		delete(l.open, conn)
		l.mu.Unlock()
	}()
	if target == "" {
		return
	}
	far, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer far.Close()
	go l.copy(far, conn)
	l.copy(conn, far)
}

// copy moves bytes until either side ends or the line is cut; both are closed then.
func (l *line) copy(to, from net.Conn) {
	defer func() { _ = to.Close(); _ = from.Close() }()
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil || l.cut(int64(n)) {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (l *line) cut(n int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen += n
	if l.cuts == 0 || l.seen < l.budget {
		return false
	}
	l.cuts--
	l.seen = 0
	return true
}
