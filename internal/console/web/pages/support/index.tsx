// What support agents and administrators do with people, visits and money.

import { loadText } from "../../text";
import { AllVisits } from "./all-visits";
import { AnyVisit } from "./any-visit";
import { Disputes } from "./disputes";
import { People } from "./people";
import { Person } from "./person";
import { Refunds } from "./refunds";
import { ReportedReviews } from "./reported-reviews";
import { text } from "./text";
import { Transfers } from "./transfers";

export const load = (): Promise<void> => loadText("support", text);

export const pages = { People, Person, AllVisits, AnyVisit, Refunds, Disputes, ReportedReviews, Transfers };
