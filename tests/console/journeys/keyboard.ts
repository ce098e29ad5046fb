import type { Locator } from "playwright-core";
import { freeTimes, reason } from "./booking";
import { check, control, type Person, type Stage } from "./stage";
import { care, holding, like, t, visits } from "./texts";

/** A patient books, pays and moves a visit by keyboard alone. */
export async function bookByKeyboard(stage: Stage): Promise<void> {
	const doctor = await control.doctor("Dr. Anand Iyer");
	for (const hours of [3, 27, 51]) await control.slot(doctor, hours * 60);
	const patient = await stage.device(await control.patient("Meera Nair"));
	await patient.open("/doctors");
	const doctorLink = patient.link(care.ofDoctor(care.allTimes, doctor.name));
	await doctorLink.waitFor();
	await use(patient, patient.menu().link(t.skip));
	await use(patient, doctorLink);
	await hasFocus(patient.page.getByRole("heading", { name: doctor.name }));

	await use(patient, freeTimes(patient).first());
	await hasFocus(patient.page.getByRole("heading", { name: care.bookTitle }));
	await patient.field(care.reason).waitFor();
	await reach(patient, patient.field(care.reason));
	await patient.page.keyboard.type(reason);
	await use(patient, patient.button(care.hold));
	await hasFocus(patient.page.getByRole("heading", { name: care.held }));
	await use(patient, patient.button(like(care.pay("§"))));
	await patient.button("Pay").waitFor();
	await use(patient, patient.button("Pay"));
	await patient.sees(t.status.CONFIRMED);
	await moveByKeyboard(patient);
	await keepByKeyboard(patient);
}

async function moveByKeyboard(patient: Person): Promise<void> {
	await use(patient, patient.button(visits.move));
	await hasFocus(patient.page.getByRole("heading", { name: visits.chooseDay }));
	const moving = patient.region(visits.chooseDay);
	const days = moving.button(new RegExp(`, ${holding(t.places(1)).source}$`));
	await days.first().waitFor();
	await reach(patient, days.first());
	await patient.page.keyboard.press("ArrowRight");
	await hasFocus(days.nth(1));
	await patient.page.keyboard.press("Enter");
	await hasFocus(patient.page.getByRole("heading", { name: like(visits.timesOf("§")) }));
	const time = moving
		.in(patient.page.getByRole("listitem"))
		.button(/\d:\d\d/)
		.first();
	await time.waitFor();
	await use(patient, time);
	await hasFocus(patient.page.getByRole("heading", { name: visits.confirmMove }));
	await use(patient, patient.button(like(visits.moveConfirm)));
	await patient.sees(visits.movedFrom);
	await hasFocus(patient.page.getByRole("heading", { level: 1 }));
}

/** A dialog takes the focus, keeps it, and gives it back. */
async function keepByKeyboard(patient: Person): Promise<void> {
	const cancel = patient.button(visits.cancel);
	await use(patient, cancel);
	const dialog = patient.dialog(visits.cancelTitle);
	await dialog.button(visits.keep).waitFor();
	await reach(patient, dialog.button(visits.keep));
	await patient.page.keyboard.press("Escape");
	await hasFocus(cancel);
}

/** Presses Tab until something has the focus, and checks that it shows. */
async function reach(person: Person, target: Locator): Promise<void> {
	const isThere = (): Promise<boolean> => target.evaluate((element) => element === document.activeElement);
	for (let presses = 0; !(await isThere()); presses++) {
		check(presses < 100, `the keyboard doesn't reach ${String(target)}`);
		await person.page.keyboard.press("Tab");
	}
	const outline = await target.evaluate((element) => getComputedStyle(element).outlineStyle);
	check(outline !== "none", `the focus of ${String(target)} doesn't show`);
}

async function use(person: Person, target: Locator): Promise<void> {
	await reach(person, target);
	await person.page.keyboard.press("Enter");
}

/** Waits until something has the focus. */
async function hasFocus(target: Locator): Promise<void> {
	await target.waitFor();
	await target.evaluate(async (element) => {
		for (let frames = 0; frames < 600 && element !== document.activeElement; frames++)
			await new Promise(requestAnimationFrame);
		if (element !== document.activeElement)
			throw new Error(`not ${element.outerHTML} has the focus, but ${document.activeElement?.outerHTML ?? ""}`);
	});
}
