package hubhttp

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/message"
)

// Whatever the core refuses, a person reads a sentence about it: each stable code
// in the sources of the packages that refuse has one in the catalogue.
func TestEveryRefusalHasItsSentence(t *testing.T) {
	code := regexp.MustCompile(`^[a-z]+(_[a-z]+)+$|^internal$|^unauthenticated$|^forbidden$`)
	// These become not_found: a sentence about them would tell that they exist.
	hidden := map[string]bool{"agreement_unknown": true, "item_unknown": true, "release_unknown": true, "consent_unknown": true}
	calls := map[string]bool{"refuse": true, "wrong": true}
	found := 0
	for _, dir := range []string{"../../act", "../../ledger", "../../agreement", ".."} {
		set := token.NewFileSet()
		packages, err := parser.ParseDir(set, dir, func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }, 0) //nolint:staticcheck // no build tags here
		if err != nil {
			t.Fatal(err)
		}
		for _, pkg := range packages {
			ast.Inspect(pkg, func(n ast.Node) bool {
				for _, literal := range codesOf(n, calls) {
					text, err := strconv.Unquote(literal.Value)
					if err != nil || !code.MatchString(text) || hidden[text] {
						continue
					}
					found++
					if !message.Known("hub_" + text) {
						t.Errorf("%s: code %q has no sentence hub_%s", set.Position(literal.Pos()), text, text)
					}
					for _, lang := range message.Languages() {
						said := message.Render(lang, message.New("hub_"+text, nil))
						if lang != "en" && said == message.Text("hub_"+text, nil) {
							t.Errorf("code %q is said in English to who reads %s", text, lang)
						}
					}
				}
				return true
			})
		}
	}
	if found < 80 {
		t.Errorf("only %d codes were found", found)
	}
	for status := range statuses {
		if !message.Known("hub_" + status) {
			t.Errorf("code %q has a status and no sentence", status)
		}
	}
}

// codesOf finds the first argument of refuse and wrong, the first member of
// &Error{…} without names, and the constants whose names begin with Code.
func codesOf(n ast.Node, calls map[string]bool) []*ast.BasicLit {
	var literals []*ast.BasicLit
	add := func(e ast.Expr) {
		if literal, ok := e.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			literals = append(literals, literal)
		}
	}
	switch n := n.(type) {
	case *ast.CallExpr:
		if name, ok := n.Fun.(*ast.Ident); ok && calls[name.Name] && len(n.Args) > 0 {
			add(n.Args[0])
		}
	case *ast.CompositeLit:
		if name, ok := n.Type.(*ast.Ident); ok && name.Name == "Error" && len(n.Elts) > 0 {
			add(n.Elts[0])
		}
	case *ast.ValueSpec:
		for i, name := range n.Names {
			if strings.HasPrefix(name.Name, "Code") && i < len(n.Values) {
				add(n.Values[i])
			}
		}
	}
	return literals
}
