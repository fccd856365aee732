# shellcheck shell=bash
# Where Bazel's command word stands among its arguments, and what is added behind it.

# Startup options that take a value, and may have it in the next argument (bazel help startup_options).
readonly VALUED_STARTUP_OPTIONS=" --bazelrc --connect_timeout_secs --digest_function --failure_detail_out \
--host_jvm_args --host_jvm_profile --install_base --invocation_policy --io_nice_level \
--local_startup_timeout_secs --macos_qos_class --max_idle_secs --output_base --output_user_root \
--server_javabase --server_jvm_out --unix_digest_hash_attribute_name "

# with_config CONFIG ARGUMENT...: sets the array `arguments` to the arguments with --config=CONFIG behind the
# command word. They stay as they are where there is no command, and for commands that answer anywhere, also
# where no .bazelrc defines CONFIG.
with_config() {
  local config=$1 index
  shift
  arguments=("$@")
  for ((index = 0; index < $#; index++)); do
    case ${arguments[index]} in
      --*) if [[ $VALUED_STARTUP_OPTIONS == *" ${arguments[index]} "* ]]; then index=$((index + 1)); fi ;;
      -*) ;;
      help | license | shutdown | version) return ;;
      *)
        arguments=("${@:1:index+1}" "--config=$config" "${@:index+2}")
        [[ ${arguments[index]} != test ]] || watch_single_test $((index + 1))
        return
        ;;
    esac
  done
}

# watch_single_test INDEX: one test that is named alone shows what it does while it runs, since Bazel says nothing of a
# running test otherwise. Adds --test_output=streamed at INDEX of `arguments`, unless they choose a --test_output, or nobody
# watches: streamed tests run one at a time, and without shards.
watch_single_test() {
  local index=$1 targets=0 argument
  for argument in "${arguments[@]:index}"; do
    case $argument in
      --test_output | --test_output=* | --config=ci | *... | *:all | *:\* | *:all-targets) return ;;
      -*) ;;
      //* | :* | @*) targets=$((targets + 1)) ;;
    esac
  done
  ((targets == 1)) || return 0
  arguments=("${arguments[@]:0:index}" --test_output=streamed "${arguments[@]:index}")
}
