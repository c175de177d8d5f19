/* status.c - see status.h. Pure; called by gateway for status events. */
#include "twilio/status.h"

#include <stdlib.h>

#include "twilio/details.h"

static const struct status_row {
    const char *name;
    int rank;
    bool final;
} status_rows[] = {
#define STATUS_ROW(name, rank, final) { #name, rank, final },
    RD_STATUSES(STATUS_ROW)
#undef STATUS_ROW
};

static const struct status_row *
status_find(struct rd_slice status)
{
    for (size_t i = 0; i < sizeof status_rows / sizeof status_rows[0]; i++)
        if (rd_slice_eq(status, rd_slice_str(status_rows[i].name)))
            return &status_rows[i];
    return NULL;
}

int
rd_status_rank(struct rd_slice status)
{
    const struct status_row *row = status_find(status);

    return row ? row->rank : 0;
}

bool
rd_status_is_final(struct rd_slice status)
{
    const struct status_row *row = status_find(status);

    return row != NULL && row->final;
}

/* ---- error codes --------------------------------------------------------------- */

/* Codes of failed and undelivered messages, in our own words; sorted by code. */
static const struct status_error {
    int code;
    const char *text;
} status_errors[] = {
    { 11200, "The webhook or media URL could not be fetched." },
    { 11751, "The media of the message is too large." },
    { 12300, "The content type of a media file is not valid." },
    { 14101, "The To address of the message is not valid." },
    { 14102, "The From address of the message is not valid." },
    { 14103, "The message has no text and no media, or too long a text." },
    { 14104, "A media URL of the message is not valid." },
    { 14107, "Too many replies were sent between these two numbers." },
    { 14108, "The sender cannot send SMS." },
    { 14109, "More than 10 replies were sent to one inbound message." },
    { 20003, "Twilio refused the credentials." },
    { 20404, "What the request names does not exist." },
    { 20429, "Too many requests at a time." },
    { 21211, "The To number is not valid." },
    { 21212, "The From number is not valid." },
    { 21408, "Messages to this region are not enabled for the account." },
    { 21601, "The sender cannot send SMS." },
    { 21602, "The message has no body." },
    { 21603, "The message has no From or messaging service." },
    { 21604, "The message has no To number." },
    { 21606, "The From number does not belong to the account or cannot send SMS." },
    { 21608, "A trial account can send to verified numbers only." },
    { 21609, "The status callback URL is not valid." },
    { 21610, "The recipient has opted out with STOP." },
    { 21611, "The queue of the From number is full." },
    { 21612, "This From and To cannot be used together." },
    { 21614, "The To number is not a mobile number." },
    { 21617, "The body is longer than 1,600 characters." },
    { 21619, "The message has no body and no media." },
    { 21620, "A media URL is not valid." },
    { 21623, "The message has more than 10 media URLs." },
    { 21635, "The To number is a landline." },
    { 21650, "The sender is not ready to send yet." },
    { 21655, "The ContentSid is not valid." },
    { 21656, "The content variables are not valid." },
    { 21703, "The messaging service has no numbers." },
    { 21704, "The messaging service has no sender that fits the recipient." },
    { 21705, "The messaging service is not valid." },
    { 30001, "The queue overflowed: the message waited too long." },
    { 30002, "The account was suspended between queueing and sending." },
    { 30003, "The handset cannot be reached: switched off, or without coverage." },
    { 30004, "The message was blocked by the recipient, the carrier or the device." },
    { 30005, "The destination number is unknown or no longer in service." },
    { 30006, "A landline, or a carrier that cannot be reached." },
    { 30007, "The carrier or Twilio filtered the message." },
    { 30008, "Delivery failed for an unknown reason." },
    { 30009, "A part of the message was lost." },
    { 30010, "The price is above the account's maximum price." },
    { 30011, "MMS is not supported by the recipient's carrier." },
    { 30017, "The carrier's network is congested." },
    { 30018, "The destination carrier requires the sender to be registered." },
    { 30019, "The content is too large for the recipient's carrier." },
    { 30020, "An internal error of the carrier." },
    { 30021, "The carrier failed internally." },
    { 30022, "The carrier's rate limit for this sender was exceeded." },
    { 30023, "The carrier's daily limit of the brand was reached." },
    { 30024, "The number is not provisioned for sending at the carrier." },
    { 30025, "The content type is not supported by the carrier." },
    { 30026, "A timeout at the carrier." },
    { 30027, "T-Mobile's daily limit of the campaign was reached." },
    { 30029, "The number is not a valid sender for the campaign." },
    { 30032, "The toll-free number has not been verified." },
    { 30033, "The A2P 10DLC campaign is suspended." },
    { 30034, "The message comes from an unregistered number (A2P 10DLC)." },
    { 30035, "The message comes from an unregistered number that is still being set up." },
    { 30036, "The validity period expired before the message could be sent." },
    { 30037, "Automated delivery to this destination has been disabled." },
    { 30038, "The one-time password was filtered as fraud." },
    { 30039, "Twilio saw a message loop and stopped it." },
    { 30040, "The carrier does not know this sender." },
    { 30041, "The carrier rejected the sender: it is not registered." },
    { 30042, "The shared sender is not allowed at this destination." },
    { 30044, "The message is too long: it has more segments than a trial account may send." },
    { 30045, "Messages to this number are not possible." },
    { 30048, "Twilio could not classify the destination." },
    { 30400, "The messages of the account to this destination are throttled." },
    { 30410, "The provider did not answer in time." },
    { 30420, "The number is blocked by the messaging provider." },
    { 30432, "The account has reached its limit for this destination." },
    { 30450, "Messages to this recipient are blocked as suspected fraud." },
    { 30453, "The message could not be delivered for policy reasons." },
    { 30485, "The carrier wants the sender to be registered first." },
    { 30500, "An internal error at Twilio." },
    { 60410, "The verification was blocked as suspected fraud." },
    { 63001, "The channel refused the sender's credentials." },
    { 63002, "The channel knows no sender of this name." },
    { 63003, "The channel knows no recipient of this address." },
    { 63005, "The channel refused the content of the message." },
    { 63006, "The format of the message is not supported by the channel." },
    { 63007, "There is no channel with this From address." },
    { 63008, "The channel's module has a faulty configuration." },
    { 63009, "The channel gave an error; ChannelStatusMessage may say more." },
    { 63010, "An internal error of the channel." },
    { 63012, "The channel gave an error." },
    { 63013, "The message breaks the channel's policy." },
    { 63014, "The message was blocked: the recipient has blocked the sender." },
    { 63015, "The recipient has not joined the sandbox." },
    { 63016, "Outside WhatsApp's 24-hour window only templates can be sent." },
    { 63017, "The channel's rate limit was exceeded." },
    { 63018, "The channel's rate limit was exceeded." },
    { 63019, "The media of the message could not be downloaded." },
    { 63020, "The WhatsApp business account is not approved yet." },
    { 63021, "The content of the message is not valid for the channel." },
    { 63022, "The vCard of the message is not valid." },
    { 63023, "The media of the message is too large for the channel." },
    { 63024, "The recipient cannot receive messages on this channel." },
    { 63025, "The media was sent already." },
    { 63026, "The file type is not supported by the channel." },
    { 63027, "The template does not exist in this language." },
    { 63028, "The number of template parameters is wrong." },
    { 63029, "The receiver could not download the message." },
    { 63030, "A parameter is not supported by this type of message." },
    { 63031, "Sender and recipient are the same number." },
    { 63032, "WhatsApp limits how many messages this recipient gets." },
    { 63033, "The recipient has blocked the business." },
    { 63034, "The media could not be uploaded to the channel." },
    { 63035, "WhatsApp does not allow this business to send." },
    { 63036, "The recipient has no RCS." },
    { 63037, "The RCS sender is not launched or the recipient is no tester." },
    { 63038, "The account's daily limit of messages was reached." },
    { 63040, "The template was rejected by WhatsApp." },
    { 63041, "The template was paused by WhatsApp." },
    { 63042, "The template was disabled by WhatsApp." },
    { 63049, "WhatsApp did not deliver this marketing message." },
    { 63051, "The WhatsApp business account is locked." },
    { 63112, "The WhatsApp business account is disabled." },
};

static int
status_compare(const void *key, const void *row)
{
    long long code = *(const long long *)key;
    int other = ((const struct status_error *)row)->code;

    return (code > other) - (code < other);
}

const char *
rd_status_error_text(struct rd_slice code)
{
    const struct status_error *row;
    long long number;

    if (!rd_detail_integer(code, &number))
        return NULL;
    row = bsearch(&number, status_errors, sizeof status_errors / sizeof status_errors[0],
                  sizeof status_errors[0], status_compare);
    return row ? row->text : NULL;
}
