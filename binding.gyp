{
  "targets": [
    {
      "target_name": "sockdiag",
      "sources": [
        "native/addon.cc",
        "native/batch.cc",
        "native/bell.cc",
        "native/bpf_iterator.cc",
        "native/demangle.cc",
        "native/descriptor.cc",
        "native/dump_reader.cc",
        "native/event_listener.cc",
        "native/event_queue.cc",
        "native/exchange.cc",
        "native/exchange_object.cc",
        "native/failure.cc",
        "native/handover.cc",
        "native/held_sockets.cc",
        "native/kernel_types.cc",
        "native/line_walker.cc",
        "native/listener_object.cc",
        "native/message_walker.cc",
        "native/netlink_socket.cc",
        "native/network_namespace.cc",
        "native/owners.cc",
        "native/owners_by_bpf.cc",
        "native/owners_object.cc",
        "native/proc_file.cc",
        "native/read_ahead.cc",
        "native/reader_object.cc",
        "native/socket_owners.cc",
        "native/text_reader.cc",
        "native/values.cc"
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": [
        # Built for 10, the addon crashes at load on Node 20; 8 loads everywhere.
        "NAPI_VERSION=8",
        # An exception of the C++ library that nobody has caught, for want of memory, is thrown to JavaScript.
        "NODE_ADDON_API_CPP_EXCEPTIONS_ALL",
        # Without it, a worker that is terminated during a dump takes the process with it.
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
        "NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED"
      ],
      "cflags": ["-ffunction-sections", "-fdata-sections"],
      # RTTI stays on: std::make_shared without it asks for a newer libstdc++.
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": [
        "-std=c++17", "-fexceptions", "-fvisibility=hidden", "-Wall", "-Wextra",
        # For clang, the one holds the other.
        "-Wconversion", "-Wno-sign-conversion"
      ],
      # What is not exported cannot be taken for a symbol of the process, nor the other way round; and what nobody calls
      # need not be shipped.
      "ldflags": [
        "-Wl,--gc-sections", "-Wl,--version-script=<(module_root_dir)/native/exports.map",
        # A thread that has thrown calls the C++ library when it ends. That of a prebuilt addon is inside of it, and must be
        # there still when the last worker that used it is gone, and Node has closed it.
        "-Wl,-z,nodelete"
      ]
    }
  ]
}
