package screen

import (
	"regexp"
	"strings"
)

// contactRules find ways to reach a person: e-mail and telephone. Public contact
// points of institutions belong to the references' pages, not into prose.
func contactRules() []rule {
	return []rule{
		pattern("email", Contact, Block, everywhere,
			`(?i)[a-z0-9][a-z0-9._%+'-]*\s{0,2}@\s{0,2}[a-z0-9][a-z0-9-]*(?:\s?\.\s?[a-z0-9-]+)+`),
		pattern("email_disguised", Contact, Block, exceptLinks,
			`(?i)[a-z0-9][a-z0-9._%+-]*\s*(?:[(\[{<]\s*(?:at|arobase|a commercial)\s*[)\]}>]|\s(?:at|arobase)\s)\s*[a-z0-9-]+`+
				`\s*(?:[(\[{<]\s*(?:dot|point|titik|\.)\s*[)\]}>]|\s(?:dot|point|titik)\s)\s*[a-z]{2,}`),
		{id: "phone", class: Contact, effect: Block, scope: exceptLinks,
			source: internationalPhone.String(), find: findInternationalPhone},
		{id: "phone_in_context", class: Contact, effect: Block, scope: exceptLinks,
			source: nationalPhone.String() + phoneContext.String(), find: func(v *view) []span { return findNationalPhone(v, true) }},
		{id: "phone_national", class: Contact, effect: Review, scope: exceptLinks,
			source: nationalPhone.String() + phoneContext.String(), find: func(v *view) []span { return findNationalPhone(v, false) }},
		pattern("number_in_words", Contact, Block, exceptLinks, `(?i)\b(?:(?:`+digitWords+`)[\s,.-]+){6,}(?:`+digitWords+`)\b`),
	}
}

const digitWords = `zero|oh|one|two|three|four|five|six|seven|eight|nine` +
	`|zéro|un|deux|trois|quatre|cinq|sept|huit|neuf` +
	`|nol|kosong|satu|dua|tiga|empat|lima|enam|tujuh|delapan|sembilan`

var (
	// ITU-T E.164: a plus sign and at most fifteen digits. A plus sign before a
	// long digit group is a telephone number in every text that this guard saw;
	// "00" counts only where no digit stands before it.
	internationalPhone = regexp.MustCompile(`(?:\+|\b00)\s?\(?\d(?:[\s().\-/]{0,3}\d){6,14}`)
	// National forms: a leading zero or an area code in brackets.
	nationalPhone = regexp.MustCompile(`(?:\(\d{2,4}\)[\s.-]?\d|\b0\d|\b\d{3}[-.]\d)(?:[\s().\-/]{0,2}\d){5,11}`)
	phoneContext  = regexp.MustCompile(`(?i)\b(?:tel|phone|telephone|call|calls|mobile|whatsapp|sms|text|fax|ring|` +
		`tél|téléphone|portable|appeler|appelez|joindre|telp|telepon|hp|ponsel|hubungi|wa|nomor)\b`)
)

func findInternationalPhone(v *view) []span {
	var hits []span
	for _, at := range matches(internationalPhone, v.text) {
		if n := digits(v.match(at)); at.start > 0 && isDigit(v.text[at.start-1]) || n < 8 {
			continue
		}
		hits = append(hits, at)
	}
	return hits
}

func findNationalPhone(v *view, inContext bool) []span {
	var hits []span
	for _, at := range matches(nationalPhone, v.text) {
		n := digits(v.match(at))
		if n < 9 || n > 13 || at.start > 0 && (isDigit(v.text[at.start-1]) || v.text[at.start-1] == '+') {
			continue
		}
		before := v.text[max(0, at.start-40):at.start]
		if phoneContext.MatchString(before) == inContext {
			hits = append(hits, at)
		}
	}
	return hits
}

func digits(s string) int {
	return strings.Count(digitsOnly(s), "") - 1
}

func digitsOnly(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }
