// peer.js DIR: Twilio's node libraries (in DIR/node_modules), in the language of peer.c.
"use strict";
const { createRequire } = require("module");
const fs = require("fs");
const path = require("path");
const querystring = require("querystring");
const there = createRequire(path.join(process.argv[2], "x.js"));
const twilio = there("twilio");
const { SegmentedMessage } = there("sms-segments-calculator");
const { getExpectedTwilioSignature } = there("twilio/lib/webhooks/webhooks");

// The splitter keeps its table to itself: its source is read with one line more.
function classes() {
  const file = there.resolve("grapheme-splitter");
  const source = fs.readFileSync(file, "utf8").replace(
    "// Breaks the given string",
    "this.classOf = getGraphemeBreakProperty;\n// Breaks the given string");
  const module = { exports: {} };
  new Function("module", source)(module);
  return new module.exports().classOf;
}

const text = hex => hex === "-" ? "" : Buffer.from(hex, "hex").toString();
const hex = s => s === "" ? "-" : Buffer.from(s).toString("hex");

function sign(words) {
  const [token, url, form, signature] = words.map(text);
  const params = querystring.parse(form, "&", "=", { maxKeys: 0 });
  const out = [getExpectedTwilioSignature(token, url, params),
               twilio.validateRequest(token, signature, url, params) ? 1 : 0];
  for (const [name, value] of Object.entries(params))
    for (const v of [].concat(value)) out.push(hex(name), hex(v));
  return out.join(" ");
}

const NAMES = { t: "to", f: "from", a: "action", h: "method", s: "statusCallback" };

function twiml(words) {
  const response = new twilio.twiml.MessagingResponse();
  let messages = [], redirect = null;
  for (const word of words) {
    const what = word[0], value = text(word.slice(2)), m = messages.at(-1);
    if (what === "M") messages.push({ attributes: {}, media: [], nouns: false });
    else if (what === "R") redirect = { url: value, attributes: redirect?.attributes ?? {} };
    else if (what === "r") redirect.attributes.method = value;
    else if (what === "b") m.body = value;
    else if (what === "n") m.nouns = true;
    else if (what === "m") m.media.push(value);
    else m.attributes[NAMES[what]] = value;
  }
  for (const m of messages) {
    if (!m.nouns && m.media.length === 0) {
      response.message(m.attributes, m.body);
      continue;
    }
    const message = response.message(m.attributes);
    if (m.body !== undefined) message.body(m.body);
    for (const url of m.media) message.media(url);
  }
  if (redirect) response.redirect(redirect.attributes, redirect.url);
  return hex(response.toString());
}

function segments(words) {
  const s = new SegmentedMessage(text(words[0]));
  const smart = new SegmentedMessage(text(words[0]), "auto", true);
  const units = s.encodedChars.reduce((n, c) => n + c.codeUnits.length, 0);
  return [s.segmentsCount, s.encodingName, units, smart.segmentsCount].join(" ");
}

// numbers of peer.c's classes by the library's
const CLASSES = [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 0, 7, 13, 14, 15, 16, 17];
const classOf = classes();
const answers = { sign, twiml, segments, class: words => String(CLASSES[classOf(+words[0])]) };

const lines = fs.readFileSync(0, "latin1").split("\n");
lines.pop();
process.stdout.write(lines.map(line => {
  const [what, ...words] = line.split(" ");
  return answers[what](words) + "\n";
}).join(""));
