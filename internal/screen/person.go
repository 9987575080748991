package screen

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	monthNames = `january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec` +
		`|janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre` +
		`|januari|februari|maret|mei|juni|juli|agustus|oktober|nopember|desember`
	fullDate = `(?:\d{1,2}\s?[./-]\s?\d{1,2}\s?[./-]\s?(?:19|20)\d{2}|(?:19|20)\d{2}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{1,2}` +
		`|\d{1,2}(?:st|nd|rd|th|er)?\s(?:of\s)?(?:` + monthNames + `)\.?,?\s(?:19|20)\d{2}|(?:` + monthNames + `)\.?\s\d{1,2}(?:st|nd|rd|th)?,?\s(?:19|20)\d{2})`
	birthWords = `(?:(?:d\.?o\.?b|date of birth|birth\s?date|born|naissance|lahir|kelahiran|ttl)\b|née?s?\s|né\(e\))`
	honorifics = `(?:Mr|Mrs|Ms|Miss|Dr|Prof|Mme|Mlle|Monsieur|Madame|Mademoiselle|Bapak|Bpk|Ibu|Sdr|Sdri|Saudara|Saudari|Tuan|Nyonya|Nona|Haji|Hj)`
	// ageOf says whose age it is; ageLoose may also be a duration. "5 ans" alone is one.
	ageOf = `(?:\b(?:aged?|age\sof)\s\d{1,2}\b|\b\d{1,2}[\s-]?(?:year|yr)s?[\s-]?olds?\b|âgée?s?\sde\s\d{1,2}\b|\b(?:berusia|berumur|usia|umur)\s\d{1,2}\b` +
		`|\b(?:filles?|femmes?|garçons?|hommes?|mineure?s?|adolescente?s?|enfants?|gadis|perempuan|anak|pemuda|remaja|korban)[\s,]{1,2}(?:de\s)?\d{1,2}\s(?:ans|tahun|thn)\b` +
		`|\b(?:` + ageWords + `)[\s-]years?[\s-]olds?\b|\b(?:berusia|berumur|usia|umur)\s(?:` + ageWords + `)\stahun\b|âgée?s?\sde\s(?:` + ageWords + `)\sans\b)`
	ageLoose = `\b(?:(?:elle|il)\s(?:a|avait|n'a(?:vait)?\sque)|de\sses|ia|dia|mereka|(?:umur|usia)nya|jeune|adolescente?|élève|siswi|siswa|pelajar|remaja)\s(?:baru\s|masih\s)?` +
		`(?:\d{1,2}|` + ageWords + `)\s(?:ans|tahun|thn|th)\b|\bfilles?\sde\s(?:` + ageWords + `)\sans\b`
	// ageWords leaves out eighteen, as findAge leaves out 18.
	ageWords = `(?:six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|nineteen|twenty(?:[\s-]\p{L}+)?` +
		`|sept|huit|neuf|onze|douze|treize|quatorze|quinze|seize|dix-sept|dix-neuf|vingt(?:[\s-]\p{L}+)?` +
		`|tujuh|delapan|sembilan|sepuluh|sebelas|(?:dua|tiga|empat|lima|enam|tujuh|sembilan)\sbelas|dua\spuluh(?:\s\p{L}+)?)`
)

// personRules find what points at one person: name with age, initials with age,
// date of birth, age with place. There is no dependable recogniser of names for
// the three languages, so a lone name is held for a person to judge.
func personRules() []rule {
	return []rule{
		// "S (20)", "S.R., 20": how press and judgments write about victims.
		pattern("initials_and_age", Person, Block, exceptLinks,
			`(?:^|[\s("'])([A-Z]{1,3}\.?(?:\s?[A-Z]\.){0,2}\s?(?:\(\s?(?:aged?\s|âgée?\sde\s|usia\s)?\d{1,2}\s?(?:years?|yrs?|yo|y/o|ans|tahun|thn|th)?\.?(?:\sold)?\s?\)`+
				`|,\s(?:aged?\s|âgée?\sde\s|(?:ber)?usia\s)?\d{1,2}\s?(?:years?|yrs?|yo|ans|tahun|thn)?\s?,))`),
		checked("name_and_age", Person, Block, exceptLinks,
			`\b\p{Lu}\p{Ll}{1,24}"?\s?(?:\(\s?(?:aged?\s|âgée?\sde\s|usia\s)?\d{1,2}\s?(?:years?|yrs?|yo|ans|tahun|thn)?(?:\sold)?\s?\)|,\s(?:aged?\s|âgée?\sde\s|(?:ber)?usia\s)?\d{1,2}\s?(?:years?|yrs?|yo|ans|tahun|thn)?\s?,)`,
			gazetteer, func(v *view, at span) bool { return !institutional(firstWord(v.match(at))) }),
		pattern("date_of_birth", Person, Block, exceptLinks, `(?i)\b`+birthWords+`[^\p{L}\d]{0,4}(?:[\p{L}'-]+[^\p{L}\d]{1,3}){0,4}`+fullDate),
		pattern("birth_year", Person, Review, proseOnly, `(?i)\b`+birthWords+`[^\p{L}\d]{0,4}(?:[\p{L}'-]+[^\p{L}\d]{1,3}){0,3}(?:19|20)\d{2}\b`),
		{id: "name_and_date", class: Person, effect: Block, scope: proseOnly, source: dateInText.String() + gazetteer, find: findNameAndDate},
		{id: "age_and_place", class: Person, effect: Block, scope: proseOnly, source: ageStated.String() + placeAfterAge.String(), find: findAgeAndPlace},
		{id: "age", class: Person, effect: Review, scope: proseOnly, source: ageInText.String() + legalAge.String(), find: func(v *view) []span { return findAge(v, ageInText) }},
		{id: "full_date", class: Person, effect: Review, scope: proseOnly, source: dateInText.String(), find: findLoneDate},
		pattern("honorific", Person, Review, exceptLinks, `\b(?:`+honorifics+`\.?|M\.)\s\p{Lu}[\p{L}'-]+`),
		{id: "name", class: Person, effect: Review, scope: proseOnly, source: capitalised.String() + gazetteer, find: findNames},
	}
}

var (
	dateInText    = regexp.MustCompile(`(?i)\b` + fullDate + `\b`)
	ageStated     = regexp.MustCompile(`(?i)` + ageOf)
	ageInText     = regexp.MustCompile(`(?i)` + ageOf + `|` + ageLoose)
	placeAfterAge = regexp.MustCompile(`\b(?:from|in|at|of|near|de|du|des|à|au|en|dari|di|asal|warga)\s\p{Lu}\p{Ll}+`)
	// legalAge matches thresholds in law, which are not the age of a person.
	legalAge = regexp.MustCompile(`(?i)(?:under|below|over|above|least|until|moins|plus|avant|bawah|atas|kurang|minimal|age\sof|l'âge)(?:\s(?:de|the|dari|usia|umur|age|of))*\s?$`)
)

var yearFollows = regexp.MustCompile(`^\s(?:19|20)\d{2}\b`) // "Nomor 21 Tahun 2007"

// findAge leaves out 18, the age of majority of CRC article 1, thresholds, and
// the Indonesian way of numbering laws.
func findAge(v *view, phrase *regexp.Regexp) []span {
	var hits []span
	for _, at := range matches(phrase, v.text) {
		if yearFollows.MatchString(v.text[at.end:]) {
			continue
		}
		if digitsOnly(v.match(at)) == "18" || legalAge.MatchString(v.text[max(0, at.start-24):at.start]) {
			continue
		}
		hits = append(hits, at)
	}
	return hits
}

func findAgeAndPlace(v *view) []span {
	var hits []span
	for _, at := range findAge(v, ageStated) {
		if window := sentenceAround(v.text, at, 120); placeAfterAge.MatchString(window) {
			hits = append(hits, at)
		}
	}
	return hits
}

func findNameAndDate(v *view) []span {
	var hits []span
	names := findNames(v)
	for _, at := range matches(dateInText, v.text) {
		for _, name := range names {
			if name.start < at.end+60 && name.end > at.start-60 {
				hits = append(hits, span{min(name.start, at.start), max(name.end, at.end)})
				break
			}
		}
	}
	return hits
}

func findLoneDate(v *view) []span { return matches(dateInText, v.text) }

// sentenceAround cuts at most reach bytes on both sides, within the sentence.
func sentenceAround(text string, at span, reach int) string {
	from, to := max(0, at.start-reach), min(len(text), at.end+reach)
	if i := strings.LastIndexAny(text[from:at.start], ".;!?\n"); i >= 0 {
		from += i + 1
	}
	if i := strings.IndexAny(text[at.end:to], ".;!?\n"); i >= 0 {
		to = at.end + i
	}
	return text[from:to]
}

// capitalised matches two or more words with capitals in a row: in English,
// French and Indonesian prose that is a proper name.
var capitalised = regexp.MustCompile(`\b\p{Lu}[\p{L}'-]+(?:\s(?:bin|binti|bt|de|van|von|al|el|den|der|ben|abu)\s|\s\p{Lu}\.\s|\s)\p{Lu}[\p{L}'-]+(?:\s\p{Lu}[\p{L}'-]+)*`)

func findNames(v *view) []span {
	var hits []span
	for _, at := range matches(capitalised, v.text) {
		words := strings.Fields(v.match(at))
		// The first word of a sentence has a capital anyway.
		if sentenceStart(v.text, at.start) && len(words) > 1 && institutional(words[0]) {
			words = words[1:]
		}
		if names := personal(words); names >= 2 {
			hits = append(hits, at)
		}
	}
	return hits
}

// personal counts the capitalised words of a run. An institutional word among
// them marks the whole as the name of an institution, and so do capitals only:
// an acronym beside an acronym. A family name in capitals beside a given name
// counts.
func personal(words []string) int {
	count, mixedCase := 0, false
	for _, word := range words {
		first, _ := utf8.DecodeRuneInString(word)
		switch {
		case !unicode.IsUpper(first):
		case institutional(word):
			return 0
		default:
			count++
			mixedCase = mixedCase || strings.ToUpper(word) != word
		}
	}
	if !mixedCase {
		return 0
	}
	return count
}

func sentenceStart(text string, at int) bool {
	before := strings.TrimRight(text[:at], " \n\t\"'(-")
	return before == "" || strings.ContainsRune(".!?:;", rune(before[len(before)-1]))
}

func firstWord(s string) string {
	if i := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) }); i > 0 {
		return s[:i]
	}
	return s
}
