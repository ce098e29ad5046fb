// The pages behind the links in mails.

import { loadText } from "../../text";
import { text as entry } from "../entry/text";
import { ConfirmEmail, ResetPassword, VerifyEmail } from "./mailed";
import { text } from "./text";

export const load = async (): Promise<void> => {
	await Promise.all([loadText("entry", entry), loadText("links", text)]);
};

export const pages = { VerifyEmail, ConfirmEmail, ResetPassword };
