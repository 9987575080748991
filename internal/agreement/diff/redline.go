package diff

import (
	"slices"
	"strings"
)

// Redline returns the later Markdown text with what it takes out of the earlier
// one ~~struck through~~ and what it puts in **bold**. The texts are those of
// package render, in which neither mark occurs. Headings, items of lists and quotes
// keep their place.
func Redline(before, after []byte) []byte {
	old, next := lines(before), lines(after)
	var out []string
	steps := shortest(old, next)
	for i := 0; i < len(steps); {
		if steps[i].op == keep {
			out = append(out, steps[i].text)
			i++
			continue
		}
		var removed, added []string
		for ; i < len(steps) && steps[i].op != keep; i++ {
			if steps[i].op == remove {
				removed = append(removed, steps[i].text)
			} else {
				added = append(added, steps[i].text)
			}
		}
		out = append(out, hunk(removed, added)...)
	}
	return []byte(strings.Join(out, "\n") + "\n")
}

func lines(text []byte) []string { return strings.Split(strings.TrimRight(string(text), "\n"), "\n") }

// hunk pairs each line that goes with the first like line that comes: a sentence of
// which some words changed is shown once.
func hunk(removed, added []string) []string {
	var out []string
	for _, line := range removed {
		like := slices.IndexFunc(added, func(other string) bool { return alike(line, other) })
		if like < 0 {
			out = append(out, struck(line))
			continue
		}
		for _, other := range added[:like] {
			out = append(out, bold(other))
		}
		out = append(out, inWords(line, added[like]))
		added = added[like+1:]
	}
	for _, line := range added {
		out = append(out, bold(line))
	}
	return out
}

// margin parts what makes a line a heading, an item or a quote from its words.
func margin(line string) (mark, rest string) {
	for _, mark := range []string{"### ", "## ", "# ", "- ", "> ", ">"} {
		if rest, found := strings.CutPrefix(line, mark); found {
			return mark, rest
		}
	}
	return "", line
}

func struck(line string) string { return marked(line, "~~") }
func bold(line string) string   { return marked(line, "**") }

func marked(line, sign string) string {
	mark, rest := margin(line)
	if strings.TrimSpace(rest) == "" {
		return line
	}
	return mark + sign + rest + sign
}

// alike reports whether two lines share at least a third of their words.
func alike(a, b string) bool {
	markA, restA := margin(a)
	markB, restB := margin(b)
	wordsA, wordsB := strings.Fields(restA), strings.Fields(restB)
	if markA != markB || len(wordsA) == 0 || len(wordsB) == 0 {
		return false
	}
	kept := 0
	for _, step := range shortest(wordsA, wordsB) {
		if step.op == keep {
			kept++
		}
	}
	return 3*kept >= max(len(wordsA), len(wordsB))
}

func inWords(before, after string) string {
	mark, old := margin(before)
	_, next := margin(after)
	var out []string
	steps := shortest(strings.Fields(old), strings.Fields(next))
	for i := 0; i < len(steps); {
		op := steps[i].op
		var run []string
		for ; i < len(steps) && steps[i].op == op; i++ {
			run = append(run, steps[i].text)
		}
		text := strings.Join(run, " ")
		switch op {
		case remove:
			text = "~~" + text + "~~"
		case add:
			text = "**" + text + "**"
		}
		out = append(out, text)
	}
	return mark + strings.Join(out, " ")
}

type op int

const (
	keep op = iota
	remove
	add
)

type step struct {
	op   op
	text string
}

// maxCells bounds the table of shortest: two texts of five thousand lines.
const maxCells = 25_000_000

// shortest turns a into b by keeping their longest common subsequence. Where that
// would cost too much, all of a goes and all of b comes.
func shortest(a, b []string) []step {
	var steps []step
	if (len(a)+1)*(len(b)+1) > maxCells {
		return append(all(remove, a), all(add, b)...)
	}
	// common[i][j] is the length of the longest common subsequence of a[i:] and b[j:].
	width := len(b) + 1
	common := make([]int32, (len(a)+1)*width)
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i*width+j] = common[(i+1)*width+j+1] + 1
			} else {
				common[i*width+j] = max(common[(i+1)*width+j], common[i*width+j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			steps = append(steps, step{keep, a[i]})
			i, j = i+1, j+1
		case common[(i+1)*width+j] >= common[i*width+j+1]:
			steps = append(steps, step{remove, a[i]})
			i++
		default:
			steps = append(steps, step{add, b[j]})
			j++
		}
	}
	return append(append(steps, all(remove, a[i:])...), all(add, b[j:])...)
}

func all(op op, texts []string) []step {
	var steps []step
	for _, text := range texts {
		steps = append(steps, step{op, text})
	}
	return steps
}
