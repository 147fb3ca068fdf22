#!/bin/busybox sh
# The machine's first process. It stays in the initramfs, where the kernel finds modprobe when it wants a module.
/bin/busybox mkdir -p /sbin /usr/bin /usr/sbin /proc /sys /dev /host /results /changes /root
/bin/busybox --install -s
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
trap 'poweroff -f' EXIT
set -e

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
exec </dev/console >/dev/console 2>&1
. /settings # cwd, results, root, preload

modprobe -a virtio_pci virtio_rng virtiofs overlay
mount -t virtiofs host /host
mount -o bind "/host$results" /results
mount -t tmpfs changes /changes
mkdir /changes/upper /changes/work
mount -t overlay -o "lowerdir=/host$root,upperdir=/changes/upper,workdir=/changes/work" root /root
mkdir -p "/root$cwd"
mount -o bind "/host$cwd" "/root$cwd"
mount -o remount,bind,ro /host

mount -t proc proc /root/proc
mount -t sysfs sys /root/sys
mount -t devtmpfs dev /root/dev
mkdir -p /root/dev/pts /root/dev/shm
mount -t devpts pts /root/dev/pts
mount -t tmpfs -o mode=1777 shm /root/dev/shm
mount -t tmpfs -o mode=755 run /root/run
ln -s /proc/self/fd /root/dev/fd
ln -s fd/0 /root/dev/stdin
ln -s fd/1 /root/dev/stdout
ln -s fd/2 /root/dev/stderr
ip link set lo up
for module in $preload; do modprobe "$module" || true; done

# Pipes, as a command may open /dev/stderr anew, which would empty a file.
mkfifo /stdout /stderr
cat /stdout >/results/stdout &
stdout=$!
cat /stderr >/results/stderr &
stderr=$!

# Moved, as a process that is merely chrooted gets no user namespace.
cd /root
mount -o move . /
: >/results/started
status=0
chroot . /bin/sh </command >/stdout 2>/stderr || status=$?

# What the command left running would keep the pipes open.
for process in /proc/[0-9]*; do
  case ${process#/proc/} in
    1 | "$stdout" | "$stderr") ;;
    *) kill -9 "${process#/proc/}" || true ;;
  esac
done 2>/dev/null
wait "$stdout" "$stderr"
sync
echo "$status" >/results/status
