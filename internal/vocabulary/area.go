package vocabulary

import "strings"

// iso3166 holds the officially assigned alpha-2 codes of ISO 3166-1.
const iso3166 = " AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ" +
	" CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR" +
	" GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP" +
	" KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ" +
	" NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW" +
	" SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ" +
	" UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW "

// m49 holds the regions of UN M49 (world, continents, sub-regions).
const m49 = " 001 002 003 005 009 011 013 014 015 017 018 019 021 029 030 034 035 039 053 054 057 061 142 143 145 150 151 154 155 202 419 "

// Area reports whether the code names a territory coarse enough to be shared: an
// ISO 3166-1 alpha-2 code in capitals, or "m49-" and a region of UN M49. Nothing
// finer exists here, because a small place together with other facts can point
// at a person (Palermo Protocol art. 10(1)(c) asks for routes, not for homes).
func Area(code string) bool {
	if region, found := strings.CutPrefix(code, "m49-"); found {
		return len(region) == 3 && strings.Contains(m49, " "+region+" ")
	}
	return len(code) == 2 && strings.Contains(iso3166, " "+code+" ")
}
