package bench

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver that the hub uses

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/seal"
	"github.com/concordat-hub/concordat/internal/vault"
	"github.com/concordat-hub/concordat/internal/vault/bootstrap"
	"github.com/concordat-hub/concordat/test/cluster"
)

// startHub runs the hub's own binary in front of this Vault, on a folder of its
// own, and returns the world around it.
func startHub(b *testing.B, server *hubtest.Vault) *hubtest.World {
	b.Helper()
	dir, tokens := b.TempDir(), hubtest.NewCluster(b)
	cert, key := hubtest.Certificate(b)
	token := filepath.Join(b.TempDir(), "token")
	if err := os.WriteFile(token, []byte(server.Token), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(program(b, "hub"),
		"--id", hubtest.HubID, "--listen", "127.0.0.1:0", "--state", dir, "--tls-cert", cert, "--tls-key", key,
		"--vault", server.Address, "--vault-ca", server.CAFile, "--vault-static-token-file", token,
		"--cluster-issuer", tokens.Issuer, "--cluster-jwks-file", tokens.JWKSFile, "--requests-per-second", "100000")
	log, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Signal(syscall.SIGTERM); _ = cmd.Wait() })
	address := make(chan string, 1)
	go func() {
		defer close(address)
		for lines := bufio.NewScanner(log); lines.Scan(); {
			var line struct{ Msg, Address string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
				address <- line.Address
			}
		}
	}()
	select {
	case at, ok := <-address:
		if !ok {
			b.Fatal("the hub ended before it served")
		}
		return hubtest.NewWorld(b, "https://"+at, cert, tokens)
	case <-time.After(30 * time.Second):
		b.Fatal("the hub did not serve within 30 s")
		return nil
	}
}

// program is one of those that `make build` puts into bin/.
func program(b *testing.B, name string) string {
	b.Helper()
	root, err := cluster.Root()
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(root, "bin", name)
	if _, err := os.Stat(path); err != nil {
		b.Fatalf("%s is missing: run `make build platform` first", path)
	}
	return path
}

// parts are what an open or a release cannot do without, done by themselves.
type parts struct {
	locker *vault.Locker
	db     *sql.DB
	public ed25519.PublicKey
	signed []byte
	sealed []byte // signature over signed
}

const partAgreement = "agr-aaaaaaaaaaaaaaaaaaaaaaaaaa"

func newParts(b *testing.B, server *hubtest.Vault) *parts {
	b.Helper()
	p := &parts{locker: server.Client(server.Token).Locker(bootstrap.HubMount), signed: make([]byte, 1200)}
	var err error
	// The same settings as the hub's own store.
	p.db, err = sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "parts.db")+
		"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
	if err != nil {
		b.Fatal(err)
	}
	p.db.SetMaxOpenConns(1)
	b.Cleanup(func() { _ = p.db.Close() })
	if _, err := p.db.ExecContext(b.Context(), `CREATE TABLE rows (id INTEGER PRIMARY KEY, bytes BLOB)`); err != nil {
		b.Fatal(err)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	p.public, p.sealed = public, ed25519.Sign(private, p.signed)
	return p
}

// commit makes rows of these sizes durable in one transaction.
func (p *parts) commit(ctx context.Context, sizes ...int) error {
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for _, size := range sizes {
		if _, err := tx.ExecContext(ctx, `INSERT INTO rows (bytes) VALUES (?)`, make([]byte, size)); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (p *parts) verify() error {
	if !ed25519.Verify(p.public, p.signed, p.sealed) {
		return errors.New("the signature does not verify")
	}
	return nil
}

const (
	vaultCall     = "one Vault call"
	durableCommit = "one durable commit"
	verification  = "one Ed25519 verification"
	plainRequest  = "an HTTPS request that the hub answers at once"
)

// exchange is two agencies with an agreement in force at a hub process.
type exchange struct {
	world *hubtest.World
	a, b  *hubtest.Agency
	ref   act.AgreementRef
	parts *parts
}

func newExchange(b *testing.B) *exchange {
	b.Helper()
	server := hubtest.StartVault(b)
	x := &exchange{world: startHub(b, server), parts: newParts(b, server)}
	x.a, x.b = x.world.Enrol(b, "agencya"), x.world.Enrol(b, "agencyb")
	x.ref = x.world.Agree(b, x.world.Document(x.a, x.b), x.a, x.b)
	return x
}

// rounds is how often each thing is done.
const rounds = 150

func report(b *testing.B, s *samples, operation string) {
	b.Helper()
	sum := s.median(vaultCall, durableCommit, verification)
	b.ReportMetric(ratio(s.median(operation), sum), "x-parts")
	b.ReportMetric(ratio(s.median(operation), sum+s.median(plainRequest)), "x-parts+request")
	b.ReportMetric(float64(s.median(operation).Microseconds())/1000, "ms/"+operation)
	b.ReportMetric(0, "ns/op")
	show(b, "what each took", s.table())
}

// BenchmarkOpen measures POST /v1/opens (policy, unlocking the header in Vault,
// act and record durable) beside its unavoidable parts.
func BenchmarkOpen(b *testing.B) {
	x := newExchange(b)
	release := x.a.Release(b, x.ref, "sample content of a bulletin", x.b).Act
	aad := []byte("sha256 of what the header belongs to")
	wrapped, err := x.parts.locker.LockKey(b.Context(), partAgreement, make([]byte, 32), aad)
	if err != nil {
		b.Fatal(err)
	}
	s := &samples{}
	for b.Loop() {
		for range rounds {
			jws := x.b.OpenAct(b, release)
			s.time(b, "open", func() error { _, err := x.b.Client.Open(b.Context(), jws); return err })
			s.time(b, vaultCall, func() error {
				_, err := x.parts.locker.UnlockKey(b.Context(), partAgreement, wrapped, aad)
				return err
			})
			// The act and its record.
			s.time(b, durableCommit, func() error { return x.parts.commit(b.Context(), len(jws)+120, 600) })
			s.time(b, verification, x.parts.verify)
			s.time(b, plainRequest, func() error { _, err := x.world.Public.About(b.Context()); return err })
		}
	}
	report(b, s, "open")
}

// BenchmarkRelease measures POST /v1/releases of a cover and a body to one other
// agency; sealing and uploading come before, and are not the hub's.
func BenchmarkRelease(b *testing.B) {
	x := newExchange(b)
	aad := []byte("sha256 of what the header belongs to")
	s := &samples{}
	for b.Loop() {
		for range rounds {
			item := x.a.Seal(b, x.ref, "sample content of a bulletin", x.b)
			x.a.Upload(b, item)
			request := x.a.Request(b, item)
			sizes := []int{len(request.Act) + 120}
			for _, part := range item.Parts {
				sizes = append(sizes, len(part.Header)+300)
			}
			for _, d := range item.Descriptors {
				sizes = append(sizes, size(b, d))
			}
			s.time(b, "release", func() error { _, err := x.a.Client.Release(b.Context(), request); return err })
			s.time(b, vaultCall, func() error {
				_, err := x.parts.locker.LockKey(b.Context(), partAgreement, make([]byte, 32), aad)
				return err
			})
			s.time(b, durableCommit, func() error { return x.parts.commit(b.Context(), sizes...) })
			s.time(b, verification, x.parts.verify)
			s.time(b, plainRequest, func() error { _, err := x.world.Public.About(b.Context()); return err })
		}
	}
	// A header is locked for each part, and each is a call of its own.
	two := s.median(vaultCall, vaultCall, durableCommit, verification)
	b.ReportMetric(ratio(s.median("release"), two), "x-parts-of-two-headers")
	report(b, s, "release")
}

func size(b *testing.B, d seal.SaltedDescriptor) int {
	b.Helper()
	raw, err := json.Marshal(d)
	if err != nil {
		b.Fatal(err)
	}
	return len(raw)
}

// BenchmarkSuspend measures how soon a suspension is felt by eight readers that
// open without a pause, beside an open that is denied anyhow. An open that starts
// after the suspension was acknowledged and is allowed fails the run.
func BenchmarkSuspend(b *testing.B) {
	const readers = 8
	x := newExchange(b)
	release := x.a.Release(b, x.ref, "sample content of a bulletin", x.b).Act
	s := &samples{}
	started := 0
	for b.Loop() {
		for range 30 {
			started += suspended(b, x, release, readers, s)
		}
	}
	b.ReportMetric(ratio(s.at(suspendToDenial, 0.99), s.median(deniedOpen)), "x-denied-open-p99")
	b.ReportMetric(float64(s.at(suspendToDenial, 0.5).Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(s.at(suspendToDenial, 0.99).Microseconds())/1000, "ms-p99")
	b.ReportMetric(float64(s.at(inFlight, 1).Microseconds())/1000, "ms-in-flight-max")
	b.ReportMetric(float64(started), "opens")
	b.ReportMetric(0, "ns/op")
	show(b, "what each took", s.table())
}

const (
	suspendToDenial = "from asking to suspend until a reader is denied"
	inFlight        = "from the acknowledgement until the last answer that was under way"
	deniedOpen      = "an open that is denied"
)

// answered is one open of a reader.
type answered struct {
	began, ended time.Time
	allowed      bool
}

// suspended lets readers open without a pause, suspends, and resumes. It returns
// how many opens there were.
func suspended(b *testing.B, x *exchange, release act.ID, readers int, s *samples) int {
	b.Helper()
	x.b.Sync(b)
	terms := x.b.State.Release(release).Terms(x.b.Name).Digest
	ask := func() string {
		return x.b.SignAct(b, act.DeskSign, &act.ItemOpen{
			Common: x.b.Common(), Release: release, Part: "body", Purpose: "detection", Restrictions: terms, Officer: x.b.Officer(),
		})
	}
	all := make([][]answered, readers)
	var running sync.WaitGroup
	for n := range readers {
		running.Go(func() {
			for {
				one := answered{began: time.Now()}
				_, err := x.b.Client.Open(b.Context(), ask())
				one.ended, one.allowed = time.Now(), err == nil
				all[n] = append(all[n], one)
				if !one.allowed {
					return
				}
			}
		})
	}
	time.Sleep(50 * time.Millisecond) // the readers are at it
	step := x.a.Step(b, x.ref)
	asked := time.Now()
	x.a.Submit(b, act.OfficerSign, &act.AgreementSuspend{AgreementStep: step})
	acknowledged := time.Now()
	running.Wait()
	opens, last := 0, acknowledged
	for _, reader := range all {
		opens += len(reader)
		for _, one := range reader {
			switch {
			case one.allowed && one.began.After(acknowledged):
				b.Fatal("an open that started after the suspension was acknowledged is allowed")
			case one.allowed && one.ended.After(last):
				last = one.ended
			case !one.allowed:
				s.keep(suspendToDenial, one.ended.Sub(asked))
			}
		}
	}
	s.keep(inFlight, last.Sub(acknowledged))
	jws := ask()
	s.time(b, deniedOpen, func() error {
		if _, err := x.b.Client.Open(b.Context(), jws); err == nil {
			return errors.New("an open under a suspended agreement is allowed")
		}
		return nil
	})
	x.a.Sync(b)
	x.a.Submit(b, act.OfficerSign, &act.AgreementResume{AgreementStep: x.a.Step(b, x.ref)})
	return opens
}
