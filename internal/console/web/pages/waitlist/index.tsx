// Waiting for a free place of a doctor. The area shares texts with the booking.

import { loadText } from "../../text";
import { text } from "../care/text";
import { wait } from "./text";
import { Waitlist } from "./waitlist";

export { JoinForm } from "./join-form";

export async function load(): Promise<void> {
	await Promise.all([loadText("care", text), loadText("waitlist", wait)]);
}

export const pages = { Waitlist };
