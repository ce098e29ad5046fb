// What all journeys need: the control port, browsers, and people who use pages by roles and names.

import { chromium, type Browser, type BrowserContext, type Locator, type Page } from "playwright-core";
import { language } from "../../../internal/console/web/text/language";
import { entry, like, t } from "./texts";

declare const process: { env: Record<string, string> };

const { CLINIC = "", CONTROL = "", CHROMIUM = "", SCREEN = "" } = process.env;

/** How long something may take that a page shows: tests share their machine. */
const patience = 20_000;

export interface User {
	id: string;
	name: string;
	email: string;
	password: string;
	cookie: string;
}

/** Asks the control port for something. */
async function wish<Out>(what: string, body: object): Promise<Out> {
	const response = await fetch(`${CONTROL}/${what}`, {
		method: "POST",
		body: JSON.stringify(body),
	});
	if (!response.ok) throw new Error(`${what}: ${await response.text()}`);
	return (await response.json()) as Out;
}

function user(role: string, name: string, applied = false): Promise<User> {
	return wish("user", { role, name, language, applied });
}

/** What no page can do; the Go test says what each of it does. */
export const control = {
	patient: (name: string) => user("PATIENT", name),
	newDoctor: (name: string) => user("DOCTOR", name),
	doctor: (name: string) => user("DOCTOR", name, true),
	staff: (role: "SUPPORT" | "ADMIN", name: string) => user(role, name),
	slot: (doctor: User, minutes: number) => wish<{ id: string }>("slot", { doctor: doctor.id, minutes }),
	visit: (patient: User, doctor: User, minutes: number) =>
		wish<{ id: string }>("visit", {
			patient: patient.id,
			doctor: doctor.id,
			minutes,
		}),
	treat: (doctor: User, visit: string) => wish("treat", { doctor: doctor.id, visit }),
	mail: async (to: string, path: string) => (await wish<{ link: string }>("mail", { to, path })).link,
	code: async (user: User) => (await wish<{ code: string }>("code", { user: user.id })).code,
	signOut: (user: User) => wish("sign-out", { user: user.id }),
	count: (patient: User) =>
		wish<{ visits: number; payments: number; consents: number }>("count", {
			patient: patient.id,
		}),
	seal: () => wish("seal", {}),
	now: async () => (await wish<{ now: number }>("advance", { minutes: 0 })).now,
};

/** Somebody at a page. Names are whole unless they are patterns. */
export class Person {
	constructor(
		readonly page: Page,
		private readonly place: Locator = page.getByRole("main"),
	) {}

	/** The same person in a part of the page. */
	in(place: Locator): Person {
		return new Person(this.page, place);
	}

	/** The same person in the dialog that is open. */
	dialog(name: string | RegExp): Person {
		return this.in(this.page.getByRole("dialog", { name, exact: true }));
	}

	menu(): Person {
		return this.in(this.page.getByRole("banner"));
	}

	/** Opens a group of the menu. */
	async openGroup(name: string): Promise<void> {
		await this.menu().place.locator("summary").filter({ hasText: name }).click();
	}

	region(name: string | RegExp): Person {
		return this.in(this.place.getByRole("region", { name, exact: true }));
	}

	button(name: string | RegExp): Locator {
		return this.place.getByRole("button", { name, exact: true });
	}

	link(name: string | RegExp): Locator {
		return this.place.getByRole("link", { name, exact: true });
	}

	/** A field by its label, which says of some that they are optional. */
	field(label: string): Locator {
		return this.place.getByLabel(new RegExp(like(label).source + `( \\(${t.optional}\\))?$`));
	}

	async open(path: string): Promise<void> {
		await this.page.goto(path.startsWith("http") ? path : CLINIC + path);
	}

	async press(name: string | RegExp): Promise<void> {
		await this.button(name).click();
	}

	async follow(name: string | RegExp): Promise<void> {
		await this.link(name).click();
	}

	async fill(label: string, value: string): Promise<void> {
		await this.field(label).fill(value);
	}

	async choose(label: string, value: string): Promise<void> {
		await this.field(label).selectOption(value);
	}

	/** Waits until a text is seen. */
	async sees(text: string | RegExp): Promise<void> {
		await this.place.getByText(text, { exact: true }).filter({ visible: true }).first().waitFor();
	}

	async seesNo(text: string | RegExp): Promise<void> {
		await this.place.getByText(text, { exact: true }).waitFor({ state: "hidden" });
	}

	/** Waits until a heading is seen: the page is there. */
	async isAt(heading: string | RegExp): Promise<void> {
		await this.place.getByRole("heading", { name: heading, exact: true }).first().waitFor();
	}

	/** Signs in on the page or in the dialog that asks for it. */
	async signIn(user: Pick<User, "email" | "password">): Promise<void> {
		const email = this.field(entry.email);
		await email.waitFor();
		if (await email.isEditable()) await email.fill(user.email);
		await this.fill(entry.password, user.password);
		await this.press(entry.signIn);
	}
}

/** The browser of a journey. Each device has its own cookies and storage. */
export class Stage {
	private readonly devices: BrowserContext[] = [];
	readonly faults: string[] = [];
	private constructor(
		private readonly browser: Browser,
		private ahead: number,
	) {}

	static async begin(): Promise<Stage> {
		const browser = await chromium.launch({
			executablePath: CHROMIUM,
			args: ["--no-sandbox", "--disable-quic", "--disable-component-update"],
		});
		return new Stage(browser, (await control.now()) - Date.now());
	}

	async end(): Promise<void> {
		await this.browser.close();
	}

	/** What all pages show, for when a journey doesn't get on. */
	async shown(): Promise<string[]> {
		const pages = this.devices.flatMap((device) => device.pages());
		return Promise.all(
			pages.map(
				async (page) => `\n--- ${page.url()}\n${await page.locator("body").innerText({ timeout: 1000 })}`,
			),
		);
	}

	/** Takes a device; of a user who is signed in, if one is named. */
	async device(user?: User): Promise<Person> {
		const isPhone = SCREEN === "phone";
		const device = await this.browser.newContext({
			locale: language === "hi" ? "hi-IN" : "en-IN",
			timezoneId: "Asia/Kolkata",
			viewport: isPhone ? { width: 360, height: 740 } : { width: 1280, height: 800 },
			isMobile: isPhone,
			hasTouch: isPhone,
			reducedMotion: "reduce",
		});
		device.setDefaultTimeout(patience);
		this.devices.push(device);
		await device.addInitScript(setAhead, this.ahead);
		const person = await this.tab(device);
		if (user) await enter(person.page, user);
		return person;
	}

	/** Opens another tab of the same device. */
	async tab(device: BrowserContext): Promise<Person> {
		const page = await device.newPage();
		page.on("pageerror", (error) => this.faults.push(`${page.url()}: ${error.stack ?? error.message}`));
		return new Person(page);
	}

	/** Moves the clocks of the clinic and of all devices. */
	async advance(minutes: number): Promise<void> {
		const { now } = await wish<{ now: number }>("advance", { minutes });
		this.ahead = now - Date.now();
		for (const device of this.devices) {
			await device.addInitScript(setAhead, this.ahead);
			for (const page of device.pages()) await page.evaluate(setAhead, this.ahead);
		}
	}
}

/** Gives a device the session of a user. Playwright itself names a domain, which this cookie mustn't have. */
async function enter(page: Page, user: User): Promise<void> {
	const devtools = await page.context().newCDPSession(page);
	const { cookie: value } = user;
	const cookie = {
		name: "__Host-amrutam",
		value,
		url: CLINIC,
		path: "/",
		secure: true,
		httpOnly: true,
	};
	await devtools.send("Network.setCookie", cookie);
	await devtools.detach();
}

/** Runs in pages: puts the clock ahead of the real one, so many milliseconds. */
function setAhead(ahead: number): void {
	const own = globalThis as unknown as {
		ahead?: number;
		Date: DateConstructor;
	};
	if (own.ahead === undefined) {
		const Real = own.Date;
		const now = (): number => Real.now() + (own.ahead ?? 0);
		own.Date = new Proxy(Real, {
			construct: (target, values) => Reflect.construct(target, values.length > 0 ? values : [now()]) as Date,
			get: (target, name) => (name === "now" ? now : (Reflect.get(target, name) as unknown)),
		});
	}
	own.ahead = ahead;
}

/** Fails the journey unless something holds. */
export function check(holds: boolean, what: string): void {
	if (!holds) throw new Error(what);
}
