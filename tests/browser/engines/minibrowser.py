#!/usr/bin/python3
"""A WebKit browser of one window that a driver controls: minibrowser.py FOLDER [FEATURE ...].

WebKitGTK's own MiniBrowser keeps nothing when it is driven, and leaves off the private file system that
Safari has. This one keeps a profile in FOLDER/profile, switches that on, except for the named features, saves
downloads to FOLDER/downloads, and prints the console of its pages to FOLDER/console.txt. It runs under the
system's Python, which has the Gtk bindings. What it cannot switch on is access to files in place, which
WebKitGTK does not implement.
"""

import os
import sys
from pathlib import Path

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import Gtk, WebKit2  # noqa: E402

SAFARI_HAS = {
    "AccessHandle",
    "FileSystem",
    "FileSystemHandleSerialization",
    "FileSystemWritableStream",
    "StorageAPI",
    "StorageAPIEstimate",
}
folder = Path(sys.argv[1])
downloads = folder / "downloads"
downloads.mkdir(parents=True)
console = os.open(folder / "console.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
os.dup2(console, 1)  # the processes of pages inherit it

manager = WebKit2.WebsiteDataManager(
    base_data_directory=str(folder / "profile" / "data"),
    base_cache_directory=str(folder / "profile" / "cache"),
)
context = WebKit2.WebContext(website_data_manager=manager)
context.set_automation_allowed(True)
settings = WebKit2.Settings(enable_write_console_messages_to_stdout=True)
features = WebKit2.Settings.get_all_features()
for index in range(features.get_length()):
    feature = features.get(index)
    if feature.get_identifier() in SAFARI_HAS - set(sys.argv[2:]):
        settings.set_feature_enabled(feature, True)


# Pages see that motion is to be reduced, and draw less.
Gtk.Settings.get_default().set_property("gtk-enable-animations", False)


def open_window(*_: object) -> WebKit2.WebView:
    view = WebKit2.WebView(web_context=context, settings=settings, is_controlled_by_automation=True)
    window = Gtk.Window(default_width=1280, default_height=900)
    window.add(view)
    view.connect("close", lambda _: window.destroy())
    window.show_all()
    return view


def start_session(_: object, session: WebKit2.AutomationSession) -> None:
    info = WebKit2.ApplicationInfo()
    info.set_name("MiniBrowser")  # the name that the driver asks for
    session.set_application_info(info)
    session.connect("create-web-view", open_window)


def save(download: WebKit2.Download, name: str) -> bool:
    download.set_destination((downloads / Path(name).name).as_uri())
    return True


context.connect("automation-started", start_session)
context.connect("download-started", lambda _, download: download.connect("decide-destination", save))
Gtk.main()
