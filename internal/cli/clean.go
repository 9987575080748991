package cli

import (
	"strings"
	"unicode"
)

// clean makes one line that is safe for a terminal: what other agencies, desks
// and providers wrote must not move the cursor, change the title or turn the
// direction of the text around.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		return safe(r)
	}, s)
}

// cleanText is clean for text of several lines.
func cleanText(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		return safe(r)
	}, strings.ReplaceAll(s, "\r\n", "\n"))
}

func safe(r rune) rune {
	switch {
	case unicode.IsControl(r), r == unicode.ReplacementChar:
		return unicode.ReplacementChar
	case r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, r == 0x2028, r == 0x2029:
		return unicode.ReplacementChar // overrides and separators of Unicode TR 9
	}
	return r
}
