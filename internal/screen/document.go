package screen

import (
	"regexp"
	"strconv"
	"strings"
)

// documentRules find numbers of identity and travel documents. Types and
// conditions of documents are what Article 10(1)(b) of the Protocol asks for; the
// number of one document belongs to the channel for verifying it.
func documentRules() []rule {
	return []rule{
		{id: "mrz", class: IdentityDocument, effect: Block, scope: everywhere, source: mrzLine.String() + "7-3-1", find: findMRZ},
		{id: "nik", class: IdentityDocument, effect: Block, scope: exceptLinks, source: "16 digits, province, date", find: findNIK},
		{id: "nir", class: IdentityDocument, effect: Block, scope: exceptLinks, source: nir.String() + "97", find: findNIR},
		pattern("document_number", IdentityDocument, Block, exceptLinks,
			`(?i)\b(?:passports?|passeports?|paspor|visas?|identity card|id card|carte d'identité|titre de séjour|residence permit|izin tinggal|kitas|ktp|nik|`+
				`driving licen[cs]e|permis de conduire|sim card|social security|sécurité sociale|bpjs|npwp|tax id|national id)\b`+
				`(?:\s(?:number|numéro|nomor|no|n°|nr|serial|de|du|sa|series))*\s?[.:#°]*\s?(\b[A-Z]{0,3}[\s-]?\d[\dA-Z]{5,14}\b)`),
	}
}

// mrzLine is one line of a machine readable zone: ICAO Doc 9303 parts 4 to 6
// (TD1 30, TD2 and MRV-B 36, TD3 and MRV-A 44 characters). Spaces are allowed
// between characters, because copies from scans have them.
var mrzLine = regexp.MustCompile(`\b[A-Z0-9](?:[ ]?[A-Z0-9<]){29,45}`)

func findMRZ(v *view) []span {
	var hits []span
	for _, at := range matches(mrzLine, v.text) {
		line := strings.ReplaceAll(v.match(at), " ", "")
		if strings.Contains(line, "<") && (mrzName(line) || mrzChecked(line)) {
			hits = append(hits, at)
		}
	}
	return hits
}

var mrzNameLine = regexp.MustCompile(`^(?:[PVACI][A-Z<][A-Z<]{3})?[A-Z]+(?:<[A-Z]+)*<<[A-Z<]*$`)

// mrzName recognises the line with the holder's names, which has no check digit.
func mrzName(line string) bool { return mrzNameLine.MatchString(line) }

// mrzChecked recognises a line with a document number, a date of birth or a date
// of expiry that its check digit confirms (ICAO Doc 9303 part 3, 4.9).
func mrzChecked(line string) bool {
	for _, field := range []struct{ from, length int }{
		{0, 9},   // document number, TD2 and TD3 line 2
		{5, 9},   // document number, TD1 line 1
		{13, 6},  // date of birth, TD2 and TD3 line 2
		{0, 6},   // date of birth, TD1 line 2
		{21, 6},  // date of expiry, TD2 and TD3 line 2
		{8, 6},   // date of expiry, TD1 line 2
		{28, 14}, // personal number, TD3 line 2
	} {
		end := field.from + field.length
		if end >= len(line) || strings.Trim(line[field.from:end], "<") == "" || !isDigit(line[end]) {
			continue
		}
		if mrzCheckDigit(line[field.from:end]) == int(line[end]-'0') {
			return true
		}
	}
	return false
}

func mrzCheckDigit(field string) int {
	weights := [3]int{7, 3, 1}
	sum := 0
	for i := range len(field) {
		value := 0
		switch c := field[i]; {
		case isDigit(c):
			value = int(c - '0')
		case c >= 'A' && c <= 'Z':
			value = int(c-'A') + 10
		}
		sum += value * weights[i%3]
	}
	return sum % 10
}

// numberRun is one group of digits, or several with a single separator between
// neighbours, as numbers are printed on cards and forms.
type numberRun struct {
	digits string
	at     span
	groups int
}

var digitGroup = regexp.MustCompile(`\d+`)

// numberRuns lists every run of neighbouring groups with between least and most
// digits. A run may begin inside a longer one: a reference number in front of a
// card number must not hide it.
func numberRuns(v *view, least, most int) []numberRun {
	groups := digitGroup.FindAllStringIndex(v.text, -1)
	var runs []numberRun
	for i := range groups {
		var number strings.Builder
		for j := i; j < len(groups); j++ {
			if j > i && !separator(v.text[groups[j-1][1]:groups[j][0]]) {
				break
			}
			number.WriteString(v.text[groups[j][0]:groups[j][1]])
			if number.Len() > most {
				break
			}
			if number.Len() >= least {
				runs = append(runs, numberRun{number.String(), span{groups[i][0], groups[j][1]}, j - i + 1})
			}
		}
	}
	return runs
}

func separator(s string) bool {
	return len(s) <= 3 && strings.Trim(s, " \n.-_/") == ""
}

// findNIK looks for the Indonesian single identity number: six digits of region
// (province 11 to 97), date of birth DDMMYY with 40 added to the day for women,
// four digits of serial. It has no check digit, so the structure decides.
func findNIK(v *view) []span {
	var hits []span
	for _, run := range numberRuns(v, 16, 16) {
		province, _ := strconv.Atoi(run.digits[:2])
		day, _ := strconv.Atoi(run.digits[6:8])
		month, _ := strconv.Atoi(run.digits[8:10])
		if day > 40 {
			day -= 40
		}
		plausible := province >= 11 && province <= 97 && day >= 1 && day <= 31 && month >= 1 && month <= 12 && run.digits[12:] != "0000"
		if plausible && run.groups <= 6 {
			hits = append(hits, run.at)
		}
	}
	return hits
}

// nir is the French number of registration (numéro d'inscription au répertoire):
// sex, year, month, department (2A and 2B in Corsica), commune, order, key.
var nir = regexp.MustCompile(`\b[1-478][\s.-]?\d{2}[\s.-]?\d{2}[\s.-]?(?:\d{2}|2[ABab])[\s.-]?\d{3}[\s.-]?\d{3}[\s.-]?\d{2}\b`)

// findNIR checks the key: 97 minus the first thirteen digits modulo 97, with 19
// in place of 2A and 18 in place of 2B.
func findNIR(v *view) []span {
	var hits []span
	for _, at := range matches(nir, v.text) {
		number := strings.ToUpper(strings.Map(func(r rune) rune {
			if strings.ContainsRune(" .-\n\t", r) {
				return -1
			}
			return r
		}, v.match(at)))
		number = strings.Replace(strings.Replace(number, "2A", "19", 1), "2B", "18", 1)
		body, errBody := strconv.ParseInt(number[:13], 10, 64)
		key, errKey := strconv.ParseInt(number[13:], 10, 64)
		if errBody == nil && errKey == nil && 97-body%97 == key {
			hits = append(hits, at)
		}
	}
	return hits
}
