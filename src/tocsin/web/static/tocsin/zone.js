// Fills in the time zone of whoever opens the first account, as this browser knows it; it can be changed.
const box = document.getElementById("timezone");
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (box && here && box.value === box.dataset.given) box.value = here;
