import { control, type Person, type Stage, type User } from "./stage";
import { admin, doctor as text, holding, hours, like, t } from "./texts";

/** A doctor applies, is approved, opens a month of hours, has a day of visits, and takes a day off. */
export async function doctorsDay(stage: Stage): Promise<void> {
	const doctor = await control.newDoctor("Dr. Kavya Rao");
	const atWork = await stage.device(doctor);
	await apply(atWork);
	await approve(await stage.device(await control.staff("ADMIN", "Latha Menon")), doctor);
	await openHours(atWork);

	// Three patients book: two of them today, at 9:00 and at 9:30, and one tomorrow.
	const [asha, ravi, tara] = [
		await control.patient("Asha Pillai"),
		await control.patient("Ravi Das"),
		await control.patient("Tara Bose"),
	];
	await control.visit(asha, doctor, 0);
	await control.visit(ravi, doctor, 0);
	await control.visit(tara, doctor, 24 * 60);

	await stage.advance(3 * 60);
	await atWork.open("/today");
	await treat(atWork, asha);
	await stage.advance(45);
	await recordNoShow(atWork, ravi);
	await takeDayOff(atWork);
}

async function apply(doctor: Person): Promise<void> {
	await doctor.open("/today");
	await doctor.follow(text.applyNow);
	await doctor.isAt(text.application.title);
	await doctor.fill(text.profile.specialization, "Panchakarma");
	await doctor.fill(text.profile.registrationNumber, "AYU-KL-20417");
	await doctor.fill(text.profile.years, "12");
	await doctor.fill(text.profile.fee, "500");
	await doctor.page.getByRole("checkbox").first().check(); // Hindi
	await doctor.fill(text.profile.bio, "Trained in Kottakkal");
	await doctor.press(text.application.apply);
	await doctor.isAt(text.application.states.WAITING);
}

async function approve(administrator: Person, doctor: User): Promise<void> {
	await administrator.open("/admin/doctors");
	await administrator.sees(admin.waiting(1));
	await administrator.follow(doctor.name);
	await administrator.isAt(doctor.name);
	await administrator.sees("AYU-KL-20417");
	await administrator.press(admin.approve);
	await administrator.sees(admin.isApproved);
}

async function openHours(doctor: Person): Promise<void> {
	await doctor.page.reload();
	await doctor.isAt(text.application.states.APPROVED);
	await doctor.follow(text.application.toHours);
	await doctor.follow(hours.addRule);
	await doctor.isAt(hours.newRule);
	await doctor.fill(hours.endTime, "12:00");
	const month = new Date((await control.now()) + 30 * 86_400_000).toISOString().slice(0, 10);
	await doctor.fill(hours.validTo, month);
	const preview = doctor.region(hours.preview);
	await preview.sees(hours.opens(6 * 23, 23)); // six times on each of 23 working days
	await doctor.press(hours.saveRule);
	await doctor.isAt(hours.ruleSaved);
	await doctor.sees(holding(hours.made(6 * 23)));
}

/** Opens the visit of a patient from the list of the day. */
async function openVisit(doctor: Person, patient: User): Promise<void> {
	await doctor.isAt(text.today.title);
	await doctor.follow(like(text.today.openVisit(patient.name, "§")));
	await doctor.isAt(like(text.visit.with(patient.name, "§")));
}

async function treat(doctor: Person, patient: User): Promise<void> {
	await openVisit(doctor, patient);
	await doctor.press(text.steps.start);
	await doctor.fill(text.notes.label, "Pain below the ribs, worse at night.");
	await doctor.sees(like(text.notes.savedAt("§")));
	await doctor.page.reload();
	await doctor.page.getByText("Pain below the ribs, worse at night.").waitFor();
	await doctor.press(text.notes.release);
	await doctor.sees(text.notes.released);

	await doctor.press(text.rx.begin);
	await doctor.fill(text.rx.name, "Ashwagandha");
	await doctor.fill(text.rx.dosage, "3 g");
	await doctor.fill(text.rx.frequency, "twice a day");
	await doctor.fill(text.rx.days, "14");
	await doctor.press(text.rx.add);
	await doctor.press(text.rx.removeRow(2));
	await doctor.fill(text.rx.advice, "Warm meals");
	await doctor.press(text.rx.write);
	await doctor.link(text.rx.openWritten).waitFor();

	await doctor.press(text.steps.complete);
	await doctor.sees(t.status.COMPLETED);
	await doctor.follow(text.steps.toToday);
}

async function recordNoShow(doctor: Person, patient: User): Promise<void> {
	await openVisit(doctor, patient);
	await doctor.page.getByText(text.steps.noShow, { exact: true }).click();
	await doctor.press(text.steps.recordNoShow);
	await doctor.sees(t.status.NO_SHOW);
	await doctor.sees(text.visit.absentPatient);
}

async function takeDayOff(doctor: Person): Promise<void> {
	const tomorrow = new Date((await control.now()) + 86_400_000).toISOString().slice(0, 10);
	await doctor.menu().follow(t.nav.hours);
	await doctor.follow(hours.tabLeave);
	await doctor.isAt(hours.leaveTitle);
	const away = doctor.region(hours.away);
	await away.fill(hours.firstDay, tomorrow);
	await away.fill(hours.lastDay, tomorrow);
	await away.press(hours.saveLeave);
	const dialog = doctor.dialog(hours.affects);
	await dialog.sees("Tara Bose");
	await dialog.press(hours.confirmLeave);
	await doctor.sees(hours.onLeaveNow(1));
	await doctor.sees(holding(hours.removed(5)));
}
