// The account of everybody: profile, security, dependants and privacy.

import { load as loadEntry } from "../entry";
import { loadText } from "../../text";
import { Dependants } from "./dependants";
import { Privacy } from "./privacy";
import { Profile } from "./profile";
import { Security } from "./security";
import { text } from "./text";

export { Enrol } from "./enrol";

export const load = async (): Promise<void> => {
	await Promise.all([loadText("account", text), loadEntry()]);
};

export const pages = { Profile, Security, Dependants, Privacy };
