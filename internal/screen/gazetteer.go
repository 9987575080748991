package screen

import (
	"strings"
	"sync"
)

// gazetteer lists words, in lower case, that begin sentences or belong to names
// of institutions, instruments, States and regions in English, French and
// Indonesian. A run of capitalised words with one of them is not a person's name.
// It stays short and general: a long list would hide names.
const gazetteer = `
a an the this that these those in on at by for from of to with without as and or if when where while after before it its no not all any some most many
each every both such other one two three four children child women men persons people victims states parties authorities agencies officers services
public international national regional general special united nations council europe european union convention conventions protocol protocols optional
palermo budapest luxembourg warsaw geneva vienna strasbourg hague lanzarote istanbul article articles guidelines guideline principles recommendation recommendations
organization organisation office commission committee court tribunal parliament assembly ministry minister department directorate bureau agency authority
police prosecution border immigration labour labor inspection intelligence unit task force group forum network alliance federation centre center institute
university academy report reports resolution declaration regulation directive act law code treaty charter framework programme program plan strategy model response
rights human trafficking transnational organized organised crime slavery forced sexual exploitation financial action nusantara northland southern safe harbour
terminology vocabulary standard standards document documents machine readable travel secretary high commissioner rapporteur committee's civil aviation
north south east west northern eastern western central middle asia africa america americas oceania pacific caribbean mediterranean atlantic
january february march april may june july august september october november december monday tuesday wednesday thursday friday saturday sunday
le la les l un une des du de au aux ce cette ces en dans sur par pour avec sans et ou si quand lorsque il elle ils elles on tout toute tous toutes
nations unies conseil convention protocole protocoles additionnel facultatif principes recommandation recommandations organisation organisations commission
comité cour tribunal parlement assemblée ministère ministre direction agence autorité autorités police parquet frontières travail inspection unité groupe réseau
centre institut université rapport rapports résolution déclaration règlement directive loi code traité charte cadre programme plan stratégie droits homme
traite personnes criminalité transnationale organisée esclavage exploitation internationale international européenne européen union enfants enfant femmes office
dan atau yang di ke dari pada untuk dengan tanpa ini itu para setiap semua bila jika ketika setelah sebelum
perserikatan bangsa dewan konvensi protokol tambahan opsional pasal pedoman prinsip rekomendasi organisasi kantor komisi komite mahkamah pengadilan majelis
kementerian menteri direktorat badan lembaga kepolisian kejaksaan imigrasi ketenagakerjaan unit intelijen keuangan gugus tugas jaringan pusat institut universitas
akademi laporan resolusi deklarasi peraturan undang undang-undang kitab perjanjian piagam kerangka program rencana strategi hak asasi manusia perdagangan orang
tindak pidana kejahatan republik negara nasional internasional indonesia anak perempuan eksploitasi seksual layanan perlindungan
france indonesia australia malaysia singapore thailand philippines vietnam cambodia myanmar japan china india germany netherlands belgium spain italy kingdom
council's member secretariat egmont interpol europol fincen unodc unicef fatf gafi iom oim ilo oit who oms asean osce ohchr weprotect greta cedaw crc
un onu pbb eu ue iso icao isic tlp fiu fius ngo ngos ong csam mla icse opsc
`

var institutionalWords = sync.OnceValue(func() map[string]bool {
	words := map[string]bool{}
	for _, word := range strings.Fields(gazetteer) {
		words[word] = true
	}
	return words
})

// institutional reports whether the word is in the gazetteer.
func institutional(word string) bool {
	lower := strings.ToLower(strings.Trim(word, "'-.,;:"))
	for _, article := range []string{"l'", "d'"} {
		lower = strings.TrimPrefix(lower, article)
	}
	return institutionalWords()[strings.TrimSuffix(lower, "'s")]
}
