import type { menu as english } from "../en/menu";

export const menu = {
	people: "लोग",
	visitsOfAll: "परामर्श",
	refunds: "धनवापसी",
	disputes: "आपत्तियाँ",
	moderation: "समीक्षाएँ",
	transfers: "स्थानांतरण",
	doctorsWaiting: "डॉक्टर",
	staff: "कर्मचारी",
	money: "धन",
	audit: "ऑडिट लॉग",
	analytics: "विश्लेषण",
	system: "स्थिति",
	groups: {
		people: "लोग",
		visits: "परामर्श और धन",
		doctors: "डॉक्टर और समीक्षाएँ",
		system: "सिस्टम",
	},
} satisfies typeof english;
