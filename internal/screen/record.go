package screen

import (
	"regexp"
	"strings"
)

// recordRules find traces of case files: reference numbers of courts and police,
// and structured records about persons.
func recordRules() []rule {
	return []rule{
		pattern("case_number", CaseReference, Block, proseOnly,
			`(?i)\b\d{1,6}\s?/\s?pid(?:\s?\.\s?[a-z]+)*\s?(?:/\s?)?\d{4}`+
				`|\b(?:LP|BP|SPDP|STPL)\s?/\s?(?:[A-Z]{1,3}\s?/\s?)?\d{1,6}\s?/`+
				`|\b(?:case|docket|crime|incident|police report|investigation|warrant|dossier|procédure|affaire|perkara)\s?(?:file\s)?(?:(?:no|number|nr|ref|reference|numéro|nomor)\b|n°|#)\.?\s?:?\s?[a-z0-9][\w/.-]*\d`+
				`|\b\d{1,2}[-:]?(?:cv|cr|mj|civ|crim)[-:]?\d{2,}`+
				`|\b(?:RG|parquet|PV|procès-verbal)\s?(?:n°|no\.?|numéro)?\s?:?\s?\d{2,4}\s?[/-]\s?\d{2,}`),
		pattern("reference_number", CaseReference, Review, proseOnly, `\b\d{1,5}/[A-Z][A-Za-z.]+(?:/[A-Za-z0-9.]+)*/(?:19|20)\d{2}\b`),
		// Names of fields in case-management standards; no bulletin needs them.
		pattern("case_field", CaseRecord, Block, everywhere, `(?i)\b(?:prs|cas|vic|tra|exp)_[a-z][a-z0-9_]*`),
		pattern("labelled_person", CaseRecord, Block, exceptLinks,
			`(?im)^[\s*>-]*(?:full\s?name|first\s?name|last\s?name|surname|name|victim(?:'s)?(?:\sname)?|suspect(?:'s)?(?:\sname)?|nationality|`+
				`nom(?:\sde\sfamille)?|prénom|victime|nationalité|nama(?:\slengkap)?|korban|tersangka|kewarganegaraan|umur|usia|age|âge)\s?[:=]\s?\S.*$`),
		{id: "person_table", class: CaseRecord, effect: Block, scope: exceptLinks, source: demographic.String(), find: findPersonTable},
		pattern("small_count", SmallCount, Review, proseOnly,
			`(?i)\b(?:[1-9]|10|two|three|four|five|six|seven|eight|nine|ten|deux|trois|quatre|cinq|sept|huit|neuf|dix|dua|tiga|empat|lima|enam|tujuh|delapan|sembilan|sepuluh)\s`+
				`(?:\p{L}+\s){0,2}(?:victims?|girls?|boys?|women|men|minors?|victimes?|filles?|garçons?|femmes?|mineure?s?|korban|anak|perempuan)\b`),
	}
}

// demographic counts the columns that make a table one about persons.
var demographic = regexp.MustCompile(`(?i)\b(?:age|sex|gender|nationality|citizenship|name|dob|sexe|genre|nom|umur|usia|jenis kelamin|kewarganegaraan|nama)\b|âge|nationalité`)

// minRows is the least number of rows that make a list of records rather than
// an enumeration in a sentence.
const minRows = 4

// findPersonTable looks for lines cut into columns by one separator under or
// beside demographic headings.
func findPersonTable(v *view) []span {
	var hits []span
	start, rows, from := 0, 0, 0
	flush := func(end int) {
		if rows >= minRows && distinct(demographic.FindAllString(v.text[from:end], -1)) >= 2 {
			hits = append(hits, span{from, end})
		}
		rows = 0
	}
	for line := range strings.SplitAfterSeq(v.text, "\n") {
		if columns(line) >= 3 {
			if rows == 0 {
				from = start
			}
			rows++
		} else {
			flush(start)
		}
		start += len(line)
	}
	flush(start)
	return hits
}

func columns(line string) int {
	most := 0
	for _, mark := range []string{",", ";", "|", "\t"} {
		most = max(most, strings.Count(line, mark)+1)
	}
	return most
}

func distinct(words []string) int {
	seen := map[string]bool{}
	for _, word := range words {
		seen[strings.ToLower(word)] = true
	}
	return len(seen)
}
