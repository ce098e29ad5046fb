/** The page for visitors. */
export const home = {
	title: "Ayurvedic care, wherever you are",
	lead: "Find a doctor who speaks your language, choose a time that suits you, and talk by video. Your prescription is waiting when you hang up.",
	find: "Find a doctor",
	steps: "How it works",
	step1: "Choose a doctor and a free time",
	step1Text: "See fees, ratings and the next free time of every doctor. Your place is held while you pay.",
	step2: "Talk to your doctor",
	step2Text:
		"We remind you before the visit. Move or cancel it when plans change; you see beforehand what comes back.",
	step3: "Get your prescription",
	step3Text: "It is in your account, ready to print. Book for your children and parents too.",
	safe: "Your health is yours",
	safeText:
		"Records are encrypted. You see who opened them, take a copy with you, and decide what we may do with them.",
	doctor: "Are you a doctor?",
	doctorText: "Set your hours, see your day at a glance, and write prescriptions in moments.",
	doctorJoin: "Join as a doctor",
	develop: "For developers: the API",
};
