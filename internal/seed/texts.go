package seed

import (
	"encoding/json"
	"strings"

	"amrutam/internal/prescription"
)

// complaint is why a patient comes.
type complaint struct{ what, notes, advice string }

var complaints = []complaint{
	{"Back pain", "Vata aggravated, lower back stiff in the morning.", "Warm oil massage before the bath."},
	{"Acidity after meals", "Pitta aggravated, burning after spicy food.", "Regular meals, no chillies."},
	{"Joint pain in both knees", "Sandhivata, crepitus, no swelling.", "Gentle walking, warmth twice a day."},
	{"Hair fall", "Pitta in the scalp, poor sleep.", "Oil the scalp twice a week, sleep before eleven."},
	{"Dry skin and itching", "Kushta suspected, no infection.", "No curd at night, bathe with lukewarm water."},
	{"Trouble falling asleep", "Anidra, mind restless, late screen use.", "Warm milk with nutmeg."},
	{"Constipation", "Apana vata obstructed, little water in the day.", "Warm water on rising, ghee at night."},
	{"Cold and cough", "Kapha in the chest, no fever.", "Ginger tea, steam twice a day, rest."},
	{"Irregular periods", "Artava kshaya, weight stable.", "Sesame and jaggery, regular hours of sleep."},
	{"Headaches on one side", "Ardhavabhedaka, worse in the sun.", "Shade at noon, regular meals, less coffee."},
	{"Weight gain", "Kapha increased, little exercise.", "Half an hour of brisk walking, light dinner before seven."},
	{"Anxiety before exams", "Manas, pulse quick, appetite low.", "Slow breathing ten minutes a day, warm food."},
	{"High blood sugar, asks for diet advice", "Prameha, under treatment by a physician.",
		"Barley and millets, no sweets, continue the physician's medicine."},
	{"Tiredness for weeks", "Ojas low, blood tests asked for.", "Dates and soaked almonds, early dinner."},
}

var howLong = []string{"since yesterday", "for three days", "for a week", "for two weeks", "for a month",
	"for about three months", "for some years", "again, as last winter"}

// What patients say of a doctor, by rating.
var reviewTexts = [6][]string{
	1: {"Never joined on time, and was in a hurry.", "The call broke off, and nobody called back."},
	2: {"Began late and hardly listened.", "Few answers to my questions."},
	3: {"Helpful, but the visit was short.", "Good advice. The sound was poor."},
	4: {"Explained every step, but began late.", "Kind and clear.", "Took time for my questions."},
	5: {"Listened with patience, and explained every step.", "I felt in good hands.", "Very thorough, on time."},
}

var cancellations = []string{"I am travelling", "The time doesn't suit any more", "Feeling better", "An emergency",
	"Booked by mistake", "Power cut at the clinic"}

var medicines = []prescription.Medication{
	{Name: "Triphala churna", Dosage: "5 g", Frequency: "once a day, at night", Route: "by mouth",
		Instructions: "with warm water"},
	{Name: "Ashwagandha churna", Dosage: "3 g", Frequency: "twice a day", Route: "by mouth",
		Instructions: "with milk"},
	{Name: "Yogaraja guggulu", Dosage: "2 tablets", Frequency: "twice a day, after meals", Route: "by mouth"},
	{Name: "Avipattikar churna", Dosage: "3 g", Frequency: "twice a day, before meals", Route: "by mouth"},
	{Name: "Sitopaladi churna", Dosage: "2 g", Frequency: "three times a day", Route: "by mouth",
		Instructions: "with honey"},
	{Name: "Dashamoola kwatha", Dosage: "40 ml", Frequency: "twice a day, before meals", Route: "by mouth"},
	{Name: "Brahmi vati", Dosage: "1 tablet", Frequency: "twice a day", Route: "by mouth"},
	{Name: "Arogyavardhini vati", Dosage: "1 tablet", Frequency: "twice a day, after meals", Route: "by mouth"},
	{Name: "Mahanarayana taila", Dosage: "as needed", Frequency: "once a day", Route: "on the skin",
		Instructions: "warm, before the bath"},
	{Name: "Kumaryasava", Dosage: "20 ml", Frequency: "twice a day, after meals", Route: "by mouth",
		Instructions: "with as much water"},
}

var courses = []int{5, 7, 10, 14, 21, 30, 45, 60}

// reasonText returns why a patient comes, and the complaint.
func reasonText(r random) (string, complaint) {
	c := pick(r, complaints)
	return c.what + " " + pick(r, howLong), c
}

// notesText returns what the doctor notes.
func notesText(r random, c complaint) string {
	return c.notes + strings.Repeat(" Review in two weeks.", r.IntN(2))
}

// medicationsText returns a prescription as the server stores it.
func medicationsText(r random) (string, error) {
	all := make([]prescription.Medication, 0, 3)
	for range 1 + r.IntN(3) {
		m := pick(r, medicines)
		m.DurationDays = new(pick(r, courses))
		all = append(all, m)
	}
	text, err := json.Marshal(all)
	return string(text), err
}
