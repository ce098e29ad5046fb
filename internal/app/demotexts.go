package app

import "amrutam/internal/prescription"

// demoCase is what a visit of the demo data is about.
type demoCase struct {
	reason, notes, advice string
	medication            prescription.Medication
}

var demoCases = []demoCase{
	{
		reason: "Back pain after long days at the desk",
		notes:  "Stiff lower back, no numbness. Oil massage and stretching shown.",
		advice: "Stand up each hour. Warm compress in the evening.",
		medication: prescription.Medication{Name: "Mahanarayan oil", Dosage: "10 ml", Frequency: "twice a day",
			DurationDays: new(14), Route: "on the skin"},
	},
	{
		reason: "Sour stomach after meals",
		notes:  "Eats late, much tea. No warning signs.",
		advice: "Last meal three hours before sleep. Less tea, no chillies for two weeks.",
		medication: prescription.Medication{Name: "Avipattikar churna", Dosage: "3 g", Frequency: "before meals",
			DurationDays: new(21)},
	},
	{
		reason: "Trouble falling asleep",
		notes:  "Screens until midnight. Mood even.",
		advice: "No screens an hour before bed; a short walk after dinner.",
		medication: prescription.Medication{Name: "Ashwagandha", Dosage: "500 mg", Frequency: "at night",
			DurationDays: new(30), Instructions: "with warm milk"},
	},
	{
		reason: "Dry, itching skin since the cold began",
		notes:  "Dry patches on both arms, no infection.",
		advice: "Lukewarm water only. Oil before the bath.",
		medication: prescription.Medication{Name: "Kumkumadi oil", Dosage: "a few drops", Frequency: "at night",
			DurationDays: new(20), Route: "on the skin"},
	},
	{
		reason: "Stiff knees in the morning",
		notes:  "Both knees, worse in damp weather. No swelling, full movement after ten minutes.",
		advice: "Gentle bending before getting up. A flat walk of twenty minutes each day.",
		medication: prescription.Medication{Name: "Yogaraj guggulu", Dosage: "2 tablets", Frequency: "twice a day",
			DurationDays: new(30), Instructions: "with warm water, after meals"},
	},
	{
		reason: "Sneezing and a blocked nose each morning",
		notes:  "Dust at home, no fever, breathing free. Has been so for two winters.",
		advice: "Steam in the evening. Wash the bedding hot once a week.",
		medication: prescription.Medication{Name: "Sitopaladi churna", Dosage: "3 g", Frequency: "twice a day",
			DurationDays: new(14), Instructions: "with honey"},
	},
	{
		reason: "Constipation for some weeks",
		notes:  "Little water, few vegetables. No blood, no loss of weight.",
		advice: "Two litres of water a day. Fruit in the morning, no late dinners.",
		medication: prescription.Medication{Name: "Triphala churna", Dosage: "5 g", Frequency: "at night",
			DurationDays: new(21), Instructions: "with warm water"},
	},
	{
		reason: "Headaches on working days",
		notes:  "Tight neck, skips lunch. Eyes tested this year. No warning signs.",
		advice: "Eat at noon. Rest the eyes each half hour. Come back at once if it gets sudden or severe.",
		medication: prescription.Medication{Name: "Anu taila", Dosage: "2 drops in each nostril",
			Frequency: "in the morning", DurationDays: new(14)},
	},
	{
		reason: "Hair falls out since a fever in summer",
		notes:  "Even thinning, scalp clear. Iron was normal.",
		advice: "It grows back by itself within months. Oil the scalp twice a week.",
		medication: prescription.Medication{Name: "Bhringraj oil", Dosage: "10 ml", Frequency: "twice a week",
			DurationDays: new(60), Route: "on the scalp"},
	},
	{
		reason: "Painful periods",
		notes:  "Cramps on the first two days, otherwise well.",
		advice: "Warmth, light movement. A diary of pain until the next visit.",
		medication: prescription.Medication{Name: "Dashamoola decoction", Dosage: "15 ml", Frequency: "twice a day",
			DurationDays: new(10), Instructions: "from three days before the period"},
	},
}

// demoReview is what a patient of the demo data says of a visit, whatever it was about; text is "" for a rating alone.
type demoReview struct {
	rating int
	text   string
}

// demoReviews are written in this order, each once before any is written again.
var demoReviews = []demoReview{
	{5, "Listened with patience, and explained every step."},
	{5, "I feel better after two weeks. Thank you."},
	{4, ""},
	{4, "Clear advice that I could follow."},
	{5, "Asked about my whole day, not only about the complaint."},
	{5, ""},
	{3, "Friendly, but we began ten minutes late."},
	{5, "My mother was at ease at once."},
	{5, "The prescription was there before I had closed the page."},
	{4, ""},
	{4, "Good advice on food. I would have liked more time for questions."},
	{5, "Told me honestly that I need no medicine, only better sleep."},
	{5, ""},
	{5, "Speaks slowly and simply. I understood everything."},
	{4, "It helps, but the taste takes getting used to."},
	{5, ""},
	{5, "Third visit, and again well prepared: the doctor knew my notes."},
	{2, "The medicine was hard to find in our town."},
	{5, "Kind to my nervous father, and thorough."},
	{4, ""},
	{5, "Explained what to watch for, and when to come back."},
	{4, "Short and to the point."},
	{5, "For the first time somebody looked for the cause."},
	{5, ""},
	{4, "Punctual, and the picture was clear even on my old phone."},
	{5, "I recommended this doctor to my sister."},
	{3, "Helpful in the end, though the first weeks changed little."},
	{5, "Gave exercises that I really do every day."},
	{4, "Calm and respectful."},
	{5, "Worth the fee."},
}
