package main

import (
	"strings"
	"testing"
)

// What go test -json prints when a goroutine of a test ends the process.
const died = `{"Action":"run","Package":"p","Test":"TestFirst"}
{"Action":"output","Package":"p","Test":"TestFirst","Output":"said by the first\n"}
{"Action":"pass","Package":"p","Test":"TestFirst"}
{"Action":"run","Package":"p","Test":"TestSecond"}
{"Action":"run","Package":"p","Test":"TestSecond/part"}
{"Action":"output","Package":"p","Test":"TestSecond/part","Output":"panic: the reason\n"}
{"Action":"output","Package":"p","Output":"FAIL\\tp\\t1.0s\n"}
{"Action":"fail","Package":"p","Elapsed":1}
`

func TestTheReasonOfADeathIsShown(t *testing.T) {
	var out strings.Builder
	if summarize(strings.NewReader(died), &out) {
		t.Error("a package that died passed")
	}
	for _, want := range []string{"never ended: TestSecond\n", "never ended: TestSecond/part\npanic: the reason\n", "1 passed, 2 failed"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "said by the first") {
		t.Error("the output of what passed is shown")
	}
}

func TestNothingThatRanIsNoPass(t *testing.T) {
	for name, in := range map[string]string{
		"nothing":      "",
		"skipped":      `{"Action":"skip","Package":"p","Test":"TestFirst"}`,
		"not built":    `{"Action":"build-fail","ImportPath":"p"}`,
		"only failed":  `{"Action":"fail","Package":"p","Test":"TestFirst"}`,
		"package only": `{"Action":"pass","Package":"p"}`,
	} {
		if summarize(strings.NewReader(in), &strings.Builder{}) {
			t.Errorf("%s: passed", name)
		}
	}
	if !summarize(strings.NewReader(`{"Action":"pass","Package":"p","Test":"TestFirst"}`), &strings.Builder{}) {
		t.Error("what passed did not")
	}
}
