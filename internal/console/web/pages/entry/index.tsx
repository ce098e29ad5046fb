// Sign-up, sign-in and recovery.

import { loadText } from "../../text";
import { ForgotPassword } from "./forgot-password";
import { OtherRole } from "./other-role";
import { SignIn } from "./sign-in";
import { SignUp } from "./sign-up";
import { text } from "./text";

export { ProofForm } from "./proof-form";
export { SignInForm } from "./sign-in-form";

export const load = (): Promise<void> => loadText("entry", text);

export const pages = { SignIn, SignUp, ForgotPassword, OtherRole };
