package screen

import (
	"crypto/sha256"
	"math/big"
	"regexp"
	"slices"
	"strings"
)

// paymentRules find accounts, cards and addresses of virtual assets. Categories
// of payment channels are vocabulary terms; one account belongs to the channels
// between financial intelligence units.
func paymentRules() []rule {
	return []rule{
		{id: "iban", class: Payment, effect: Block, scope: exceptLinks, source: iban.String() + "97", find: findIBAN},
		{id: "payment_card", class: Payment, effect: Block, scope: exceptLinks, source: "13-19 digits, issuer range, Luhn", find: findCard},
		checked("virtual_asset_address", Payment, Block, everywhere,
			`\b(?:[13mn2][1-9A-HJ-NP-Za-km-z]{25,34}|T[1-9A-HJ-NP-Za-km-z]{33})\b`, "base58check",
			func(v *view, at span) bool { return base58Check(v.match(at)) }),
		checked("virtual_asset_bech32", Payment, Block, everywhere, `(?i)\b(?:bc|tb|ltc)1[02-9ac-hj-np-z]{11,87}\b`, "bech32",
			func(v *view, at span) bool { return bech32(strings.ToLower(v.match(at))) }),
		pattern("virtual_asset_hex", Payment, Block, everywhere, `\b0[xX][0-9a-fA-F]{40}\b`),
		pattern("account_number", Payment, Block, exceptLinks,
			`(?i)\b(?:account|acct|a/c|compte|rekening|rek|iban|rib|wallet|dompet|portefeuille|swift|bic)\b(?:\s(?:number|numéro|nomor|no|n°|nr|address|adresse|alamat))*\s?[.:#°]*\s?`+
				`(\b\d(?:[\s-]?\d){6,18}\b)`),
	}
}

var iban = regexp.MustCompile(`(?i)\b[A-Z]{2}\d{2}(?:[\s-]?[A-Z0-9]){11,30}\b`)

// findIBAN checks ISO 13616: moved to the end, country and check digits make the
// number 1 modulo 97. Trailing words that the candidate swallowed are cut off.
func findIBAN(v *view) []span {
	var hits []span
	for _, at := range matches(iban, v.text) {
		compact, ends := compactWithEnds(v.match(at))
		for length := min(34, len(compact)); length >= 15; length-- {
			if ibanValid(compact[:length]) {
				hits = append(hits, span{at.start, at.start + ends[length-1]})
				break
			}
		}
	}
	return hits
}

// compactWithEnds drops separators; ends[i] is the offset after character i.
func compactWithEnds(s string) (string, []int) {
	var b strings.Builder
	var ends []int
	for i := range len(s) {
		if c := s[i]; c != ' ' && c != '-' && c != '\n' && c != '\t' {
			b.WriteByte(c)
			ends = append(ends, i+1)
		}
	}
	return strings.ToUpper(b.String()), ends
}

func ibanValid(s string) bool {
	remainder := 0
	for _, c := range s[4:] + s[:4] {
		switch {
		case c >= '0' && c <= '9':
			remainder = (remainder*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			remainder = (remainder*100 + int(c-'A') + 10) % 97
		default:
			return false
		}
	}
	return remainder == 1
}

var cardIssuer = regexp.MustCompile(`^(?:4|5[1-5]|2[2-7]|3[0-9]|6)`)

func findCard(v *view) []span {
	var hits []span
	for _, run := range numberRuns(v, 13, 19) {
		if run.groups <= 6 && cardIssuer.MatchString(run.digits) && luhn(run.digits) {
			hits = append(hits, run.at)
		}
	}
	return hits
}

// luhn is the check of ISO/IEC 7812-1, also used by IMEI.
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0 && strings.Trim(digits, digits[:1]) != ""
}

const base58Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// base58Check verifies the four-byte double SHA-256 checksum of an address.
func base58Check(s string) bool {
	number := new(big.Int)
	for _, c := range s {
		digit := strings.IndexRune(base58Alphabet, c)
		if digit < 0 {
			return false
		}
		number.Add(number.Mul(number, big.NewInt(58)), big.NewInt(int64(digit)))
	}
	if number.BitLen() > 25*8 {
		return false
	}
	raw := number.FillBytes(make([]byte, 25))
	first := sha256.Sum256(raw[:21])
	second := sha256.Sum256(first[:])
	return slices.Equal(second[:4], raw[21:])
}

// bech32 verifies the checksum of BIP 173 and BIP 350.
func bech32(s string) bool {
	const charset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	cut := strings.LastIndexByte(s, '1')
	if cut < 1 || len(s)-cut < 7 {
		return false
	}
	var values []int
	for i := range cut {
		values = append(values, int(s[i]>>5))
	}
	values = append(values, 0)
	for i := range cut {
		values = append(values, int(s[i]&31))
	}
	for _, c := range s[cut+1:] {
		value := strings.IndexRune(charset, c)
		if value < 0 {
			return false
		}
		values = append(values, value)
	}
	check := bech32Polymod(values)
	return check == 1 || check == 0x2bc830a3
}

func bech32Polymod(values []int) int {
	generator := [5]int{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3}
	check := 1
	for _, value := range values {
		top := check >> 25
		check = (check&0x1ffffff)<<5 ^ value
		for i, g := range generator {
			if top>>i&1 == 1 {
				check ^= g
			}
		}
	}
	return check
}
