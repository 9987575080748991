package screen

import (
	"net/url"
	"regexp"
	"strings"
)

// linkRules find addresses on the net and accounts of persons. Public
// instruments are linked from the references, and only on hosts of public
// institutions.
func linkRules() []rule {
	return []rule{
		pattern("url", Link, Block, exceptLinks, `(?i)\b(?:[a-z][a-z0-9+.-]{1,15}://|www\d?\.|mailto:|tel:)\S+`),
		pattern("url_defanged", Link, Block, everywhere,
			`(?i)\b(?:hxxps?|h\*\*ps?|meow)\s?(?::|\[:\])\S+|[a-z0-9-]+\s?(?:\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\))\s?[a-z]{2,}`),
		pattern("domain", Link, Block, exceptLinks, `(?i)\b(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:`+genericDomains+`)\b(?:/\S*)?`),
		// Lower-case only: a full stop without a space before a capital is a typing slip.
		pattern("domain_national", Link, Review, exceptLinks, `\b(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:`+nationalDomains+`)\b(?:/\S*)?`),
		pattern("invite", Link, Block, everywhere, `(?i)\b(?:t\.me|wa\.me|discord\.gg|bit\.ly|s\.id|m\.me|line\.me|chat\.whatsapp\.com)\b`),
		checked("link_not_public", Link, Block, linksOnly, `(?s)\A.+\z`, publicHosts, func(v *view, at span) bool {
			return !publicLink(v.match(at))
		}),
		pattern("handle", Handle, Block, exceptLinks, `(?:^|[\s("':,;/])(@\s?[A-Za-z0-9_][A-Za-z0-9_.]{1,30})`),
		pattern("account_name", Handle, Block, exceptLinks,
			`(?i)\b(?:user\s?name|user\s?id|screen\s?name|nickname|handle|account\s?name|nom d'utilisateur|pseudo|identifiant|nama pengguna|nama akun|id akun|pin bb|ig|insta|tg|wa|fb|snap|line id)\s*[:=]\s*\S+`),
	}
}

const genericDomains = `com|net|org|info|biz|xyz|online|site|website|store|shop|club|live|chat|social|link|top|app|dev|pro|vip|icu|fun|blog|` +
	`onion|i2p|gov|edu|int|mil|example|test|invalid|localhost`

const nationalDomains = `ac|ae|af|al|am|ar|at|au|ba|bd|be|bg|bh|bn|bo|br|by|ca|cc|ch|ci|cl|cm|cn|co|cr|cy|cz|de|dk|do|dz|ec|ee|eg|es|et|eu|fi|fm|fr|` +
	`ge|gg|gh|gr|gt|hk|hr|hu|id|ie|il|in|io|iq|ir|is|it|je|jm|jo|jp|ke|kg|kh|kr|kw|kz|la|lb|li|lk|lt|lu|lv|ly|ma|md|me|mg|mk|ml|mm|mn|mt|mu|mx|my|mz|` +
	`ng|nl|no|np|nz|om|pa|pe|ph|pk|pl|pt|py|qa|ro|rs|ru|rw|sa|sc|sd|se|sg|si|sk|sn|so|st|su|sv|sy|th|tj|tk|tn|to|tr|tt|tv|tw|tz|ua|ug|uk|us|uy|uz|ve|vn|ws|za|zm|zw`

// publicHosts are hosts, or parents of hosts, under which public instruments and
// reports are published: international organisations first, then the names that
// only public bodies of a State can register.
const publicHosts = `un.org undocs.org ohchr.org unodc.org unicef.org ilo.org iom.int who.int icao.int imo.org wto.org interpol.int ` +
	`europa.eu coe.int osce.org oecd.org asean.org au.int oas.org fatf-gafi.org egmontgroup.org wcoomd.org icj-cij.org ` +
	`treaties.un.org first.org ecpat.org we-protect.org weprotect.org fincen.gov ` +
	`gov gov.uk gov.au gc.ca govt.nz gouv.fr go.id go.th go.jp gob.mx gov.sg gov.my gov.ph admin.ch bund.de government.nl legislation.gov.uk`

// publicLink accepts an https address of a public host without user, port or
// fragment. A query is accepted: treaty collections number their texts there.
func publicLink(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Port() != "" || u.Fragment != "" || u.Opaque != "" {
		return false
	}
	if strings.ContainsAny(address, " \t\n\"'<>\\^`{|}@") || escaped.MatchString(address) {
		return false
	}
	host := strings.ToLower(u.Hostname())
	for _, public := range strings.Fields(publicHosts) {
		if host == public || strings.HasSuffix(host, "."+public) {
			return true
		}
	}
	return false
}

var escaped = regexp.MustCompile(`%(?:[01][0-9A-Fa-f]|40|7[fF])`)
