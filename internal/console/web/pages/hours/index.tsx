// A doctor's hours: rules, leave and extra hours, and single slots.

import { loadText } from "../../text";
import { Leave } from "./leave";
import { NewRule, Rule } from "./rule-pages";
import { Hours } from "./rules";
import { Slots } from "./slots";
import { text } from "./text";

export const load = (): Promise<void> => loadText("hours", text);

export const pages = { Hours, NewRule, Rule, Leave, Slots };
