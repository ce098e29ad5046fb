import { control, type Person, check, type Stage, type User } from "./stage";
import { admin, entry, figures, like, menu, support, t } from "./texts";

/** Support helps a patient, and an administrator decides, looks into the audit log and at the figures. */
export async function staffsDay(stage: Stage): Promise<void> {
	const doctor = await control.doctor("Dr. Anand Iyer");
	const patient = await control.patient("Meera Nair");
	for (const hours of [27, 28]) await control.slot(doctor, hours * 60);
	const cancelled = await control.visit(patient, doctor, 0);
	const kept = await control.visit(patient, doctor, 0);

	const desk = await stage.device(await control.staff("SUPPORT", "Joseph Kurian"));
	await findPerson(desk, patient);
	await cancelVisit(desk, cancelled.id);
	await askRefund(desk, kept.id);

	const administrator = await control.staff("ADMIN", "Latha Menon");
	const office = await stage.device();
	await signInWithCode(office, administrator);
	await approveRefund(office);
	await lookIntoAuditLog(office);
	await lookAtFigures(office);
}

async function findPerson(desk: Person, patient: User): Promise<void> {
	await desk.open("/people");
	await desk.fill(support.who, "meera");
	await desk.press(t.search);
	await desk.isAt(support.foundFor("meera"));
	await desk.follow(patient.name);
	await desk.isAt(patient.name);
	await desk.sees(like(patient.email));
}

async function cancelVisit(desk: Person, visit: string): Promise<void> {
	await desk.page.locator(`a[href="/all-visits/${visit}"]`).click();
	await desk.isAt(support.visit);
	await desk.press(support.cancelVisit);
	const dialog = desk.dialog(support.cancelVisit);
	await dialog.sees(like(support.comesBack("§")));
	await dialog.fill(support.reason, "Asked for by phone");
	await dialog.press(support.cancelVisit);
	await desk.sees(t.status.CANCELLED);
	await desk.page.goBack();
	await desk.sees(t.status.CANCELLED);
}

async function askRefund(desk: Person, visit: string): Promise<void> {
	await desk.page.locator(`a[href="/all-visits/${visit}"]`).click();
	await desk.sees(t.status.CONFIRMED);
	await desk.press(support.askRefund);
	const dialog = desk.dialog(support.askRefund);
	await dialog.fill(support.amountIn("INR"), "120.50");
	await dialog.fill(support.reason, "The call broke down twice");
	await dialog.press(support.askRefund);
	await desk.sees(support.refundStates.REQUESTED);
}

async function signInWithCode(office: Person, administrator: User): Promise<void> {
	await office.open("/refunds");
	await office.signIn(administrator);
	await office.isAt(entry.secondFactor);
	await office.fill(entry.code, await control.code(administrator));
	await office.press(entry.confirm);
	await office.isAt(support.refunds);
}

async function approveRefund(office: Person): Promise<void> {
	await office.sees("The call broke down twice");
	await office.press(like(support.approveRefund("§")));
	await office.dialog(like(support.approveRefund("§"))).press(support.approve);
	await office.sees(support.refundStates.PENDING);
	await office.page.locator('[id^="state-"]:focus').waitFor(); // a menu closes when the focus moves on
}

async function lookIntoAuditLog(office: Person): Promise<void> {
	await office.openGroup(menu.groups.system);
	await office.menu().follow(menu.audit);
	await office.isAt(admin.audit);
	await office.fill(admin.action, "refund.approve");
	await office.press(t.search);
	const name = `${admin.entities["refund"]}: ${admin.verbs["approve"]}`;
	await office.follow(name);
	await office.isAt(name);
	await control.seal();
	await office.press(admin.showProof);
	await office.sees(like(admin.proofSays("§", "§")));
}

async function lookAtFigures(office: Person): Promise<void> {
	await office.openGroup(menu.groups.system);
	await office.menu().follow(menu.analytics);
	await office.isAt(figures.analytics);
	await office.follow(figures.periods["7"]);
	const compare = office.field(figures.compare);
	await compare.uncheck();
	await office.press(figures.showFigures);
	const table = office.in(
		office.page.getByRole("region", {
			name: figures.asTable(figures.summary),
			exact: true,
		}),
	);
	await table.sees(figures.booked);
	await table.seesNo(figures.before);
	await office.field(figures.compare).check();
	await office.press(figures.showFigures);
	await table.sees(figures.before);
	const download = office.page.waitForEvent("download");
	await office.follow(figures.downloadCSV(figures.summary));
	const file = await (await download).createReadStream();
	let csv = "";
	for await (const part of file) csv += String(part);
	check(csv.split("\n").length > 5 && csv.includes(","), `the file holds ${csv}`);
}
