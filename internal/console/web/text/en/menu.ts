/** The menu of support and administrators. */
export const menu = {
	people: "People",
	visitsOfAll: "Visits",
	refunds: "Refunds",
	disputes: "Disputes",
	moderation: "Reviews",
	transfers: "Transfers",
	doctorsWaiting: "Doctors",
	staff: "Staff",
	money: "Money",
	audit: "Audit log",
	analytics: "Analytics",
	system: "State",
	groups: {
		people: "People",
		visits: "Visits and money",
		doctors: "Doctors and reviews",
		system: "System",
	},
};
