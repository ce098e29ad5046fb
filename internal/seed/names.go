package seed

// Common names, made into people at random. Nobody is meant.
var (
	womensNames = []string{
		"Aarti", "Aditi", "Ananya", "Anjali", "Asha", "Bhavna", "Deepa", "Divya", "Fatima", "Gauri", "Geeta",
		"Harpreet", "Indira", "Jaya", "Kavita", "Kiran", "Lakshmi", "Lata", "Leela", "Madhuri", "Maya",
		"Meena", "Meera", "Nandini", "Neha", "Nisha", "Padma", "Pooja", "Priya", "Radha", "Rekha", "Revathi",
		"Ritu", "Rukmini", "Sarita", "Savitri", "Shalini", "Sita", "Sneha", "Sudha", "Sunita", "Swati", "Tara",
		"Uma", "Usha", "Vidya", "Yamini", "Zainab",
	}
	mensNames = []string{
		"Aarav", "Abdul", "Ajay", "Amit", "Anand", "Anil", "Arjun", "Ashok", "Bharat", "Chandra", "Deepak",
		"Dinesh", "Farhan", "Ganesh", "Gopal", "Gurpreet", "Hari", "Imran", "Ishaan", "Jatin", "Karthik",
		"Kishore", "Krishna", "Mahesh", "Manoj", "Mohan", "Mukesh", "Naveen", "Nikhil", "Prakash", "Pranav",
		"Rahul", "Rajesh", "Raju", "Ramesh", "Ravi", "Rohan", "Sandeep", "Sanjay", "Shankar", "Sunil",
		"Suresh", "Thomas", "Varun", "Venkat", "Vijay", "Vikram", "Vinod",
	}
	familyNames = []string{
		"Agarwal", "Ahmed", "Banerjee", "Bhat", "Bose", "Chatterjee", "Chauhan", "Chopra", "Das", "Deshpande",
		"Dubey", "Fernandes", "Ghosh", "Gowda", "Gupta", "Hegde", "Iyer", "Jain", "Jha", "Joshi", "Kapoor",
		"Khan", "Kulkarni", "Kumar", "Malhotra", "Mathew", "Mehta", "Menon", "Mishra", "Mukherjee", "Naidu",
		"Nair", "Namboodiri", "Pandey", "Patel", "Patil", "Pillai", "Prasad", "Rao", "Rathore", "Reddy",
		"Saxena", "Sen", "Shah", "Sharma", "Shetty", "Singh", "Sinha", "Thakur", "Trivedi", "Varma", "Verma",
		"Yadav",
	}
)

// specializations are the eight branches of Ayurveda and what doctors call their practice today.
var specializations = []weighted[string]{
	{"Kayachikitsa", 30}, {"Panchakarma", 22}, {"Stri Roga and Prasuti Tantra", 12}, {"Bala Roga", 8},
	{"Shalya Tantra", 6}, {"Shalakya Tantra", 6}, {"Dermatology", 9}, {"Manasa Roga", 5}, {"Rasayana", 4},
	{"Swasthavritta", 4}, {"Agada Tantra", 2}, {"Vajikarana", 2},
}

// place is where somebody lives or works, with the language of the place.
type place struct{ city, language string }

var places = []weighted[place]{
	{place{"Mumbai", "mr"}, 12}, {place{"Delhi", "hi"}, 12}, {place{"Bengaluru", "kn"}, 10}, {place{"Pune", "mr"}, 8},
	{place{"Hyderabad", "te"}, 8}, {place{"Chennai", "ta"}, 8}, {place{"Kochi", "ml"}, 8}, {place{"Kolkata", "bn"}, 7},
	{place{"Ahmedabad", "gu"}, 6}, {place{"Thiruvananthapuram", "ml"}, 5}, {place{"Jaipur", "hi"}, 5},
	{place{"Lucknow", "hi"}, 4}, {place{"Bhopal", "hi"}, 3}, {place{"Chandigarh", "pa"}, 3},
	{place{"Bhubaneswar", "or"}, 2}, {place{"Guwahati", "as"}, 2}, {place{"Varanasi", "hi"}, 2},
}

var streets = []string{"MG Road", "Station Road", "Temple Street", "Lake View Road", "Gandhi Nagar", "Nehru Marg",
	"Market Road", "Hill Road", "Park Street", "College Road"}

// feesINR are the fees of doctors in whole rupees. One doctor in twenty asks for none.
var feesINR = []weighted[int]{{0, 5}, {200, 8}, {300, 16}, {400, 14}, {500, 22}, {600, 10}, {700, 7}, {800, 8},
	{1000, 6}, {1200, 3}, {1500, 1}}
