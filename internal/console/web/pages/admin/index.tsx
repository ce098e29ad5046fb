// What administrators do besides support's work: doctors, staff, money, the audit log and the system.

import { loadText } from "../../text";
import { Application } from "./application";
import { AuditEntry } from "./audit-entry";
import { AuditExports } from "./audit-exports";
import { AuditLog } from "./audit-log";
import { Doctors } from "./doctors";
import { UnmatchedMoney } from "./money";
import { Staff } from "./staff";
import { System } from "./system";
import { text } from "./text";

export const load = (): Promise<void> => loadText("admin", text);

export const pages = { Doctors, Application, Staff, UnmatchedMoney, AuditLog, AuditEntry, AuditExports, System };
