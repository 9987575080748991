package screen

import (
	"net/netip"
	"regexp"
	"strings"
)

// deviceRules find values that identify a device, a file or a person's picture.
// Hash values of abuse material belong to hotlines and their own systems.
func deviceRules() []rule {
	return []rule{
		checked("ip_address", Device, Block, exceptLinks, `\b\d{1,3}(?:\s?[\[(]?\.[\])]?\s?\d{1,3}){3}\b(?:/\d{1,2}\b)?|(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}`,
			"netip", func(v *view, at span) bool { return address(v.match(at)) }),
		pattern("mac_address", Device, Block, exceptLinks, `\b(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}\b`),
		{id: "imei", class: Device, effect: Block, scope: exceptLinks, source: "15 digits, Luhn", find: findIMEI},
		pattern("uuid", Device, Review, everywhere, `(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`),
		pattern("number_plate", Device, Review, proseOnly, `\b[A-Z]{1,2}[ -]\d{3,4}[ -][A-Z]{2,3}\b`),
		{id: "long_number", class: IdentityDocument, effect: Review, scope: proseOnly, source: "9-40 digits", find: findLongNumber},
		checked("hash_value", Fingerprint, Block, everywhere, `\b[0-9a-fA-F]{24,}\b`, "letters and digits", func(v *view, at span) bool {
			match := v.match(at)
			return strings.ContainsAny(match, "abcdefABCDEF") && strings.ContainsAny(match, "0123456789")
		}),
		checked("encoded_blob", Fingerprint, Block, everywhere, `[A-Za-z0-9+/_-]{40,}={0,2}`, "mixed case and digits", func(v *view, at span) bool {
			return mixed(v.match(at))
		}),
	}
}

var defang = strings.NewReplacer("[", "", "]", "", "(", "", ")", "", " ", "")

func address(s string) bool {
	s, _, _ = strings.Cut(defang.Replace(s), "/")
	if strings.Count(s, ":") > 0 && len(s) < 5 {
		return false // "::" and the like in prose
	}
	_, err := netip.ParseAddr(s)
	return err == nil
}

func findIMEI(v *view) []span {
	var hits []span
	for _, run := range numberRuns(v, 15, 15) {
		if run.groups <= 5 && luhn(run.digits) {
			hits = append(hits, run.at)
		}
	}
	return hits
}

// thousands matches a number written in groups of three, a quantity.
var thousands = regexp.MustCompile(`^\d{1,3}(?:[ .]\d{3})+$`)

// findLongNumber holds every long row of digits that no other rule explains:
// numbers of documents and accounts exist in more forms than rules.
func findLongNumber(v *view) []span {
	var hits []span
	end := -1
	for _, run := range numberRuns(v, 9, 40) {
		if run.at.start < end || run.groups > 4 || thousands.MatchString(v.match(run.at)) {
			continue
		}
		hits = append(hits, run.at)
		end = run.at.end
	}
	return hits
}

func mixed(s string) bool {
	return strings.ContainsAny(s, "0123456789") && strings.ToLower(s) != s && strings.ToUpper(s) != s
}
