// Signs a patient in, finds a doctor and books a free slot, with the types that are made from openapi.json.
import { randomUUID } from "node:crypto";
import createClient from "openapi-fetch";
import type { components, paths } from "./amrutam.js";

const { AMRUTAM_URL: baseUrl = "", AMRUTAM_EMAIL: email = "", AMRUTAM_PASSWORD: password = "" } = process.env;
type Problem = components["schemas"]["Problem"];
const api = createClient<paths>({ baseUrl });

/** answer is what a call gave. A refusal is thrown, so that what comes back is what was asked for. */
async function answer<T>(call: Promise<{ data?: T; error?: Problem }>) {
  const { data, error } = await call;
  if (error) throw new Error(`${error.title}: ${error.detail} (${error.type}, request ${error.requestId})`);
  return data as NonNullable<T>;
}

const { accessToken } = await answer(api.POST("/api/v1/auth/login", { body: { email, password } }));
if (!accessToken) throw new Error("this user has a second factor: go on with /auth/verify-mfa");
api.use({
  onRequest: ({ request }) => request.headers.set("Authorization", `Bearer ${accessToken}`),
});

const from = new Date(Date.now() + 24 * 60 * 60 * 1000).toISOString();
const doctors = await answer(
  api.GET("/api/v1/doctors", { params: { query: { language: "en", availableFrom: from } } }),
);
const doctor = doctors.items[0];
if (!doctor) throw new Error("no doctor who speaks English is free");

const slots = await answer(
  api.GET("/api/v1/availability/doctor/{doctorId}", { params: { path: { doctorId: doctor.id }, query: { from } } }),
);
const slot = slots.items[0];
if (!slot) throw new Error(`${doctor.fullName} has no free slot in the next days`);

const notices = await answer(api.GET("/api/v1/consents"));
for (const { purpose, noticeVersion, text, givenAt } of notices.items) {
  if (purpose !== "TREATMENT" || givenAt) continue;
  console.log(text);
  await answer(api.POST("/api/v1/consents", { body: { purpose, noticeVersion } }));
}

// The key makes it safe to send the same booking again when the answer was lost.
const booking = await answer(
  api.POST("/api/v1/consultations", {
    params: { header: { "Idempotency-Key": randomUUID() } },
    body: { slotId: slot.id, reason: "Back pain for two weeks" },
  }),
);
console.log(`booked ${booking.id} with ${doctor.fullName} at ${booking.startTime}: ${booking.status}`);
