// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Prover} from "./Prover.sol";
import {RootChainCode} from "./generated/RootChainCode.sol";
import {IRootChain} from "@layer2/interfaces/IRootChain.sol";
import {IRootChainTypes} from "@layer2/interfaces/IRootChainTypes.sol";

/// @title Claims of exits in ether: any exit of a deposit, any ledger, any second
contract RootMoneyTest is Prover {
    address private constant OWNER = address(0x0E21);
    uint96 private constant BOND = 0.3 ether;
    uint96 private constant BOUNTY = 0.01 ether;

    IRootChain private chain;

    struct Case {
        uint32 number;
        uint96 amount;
        uint8 status;
        uint40 time;
        uint40 exitableAt;
        uint128 reserved;
        uint88 held;
        uint120 balance;
        uint40 priority;
        uint32 passed;
    }

    function setUp() public {
        IRootChainTypes.Config memory config = IRootChainTypes.Config(
            address(0x09E2),
            address(0),
            address(0),
            7 days,
            7 days,
            1 days,
            BOND,
            0.2 ether,
            0.1 ether,
            0.4 ether,
            BOUNTY
        );
        chain = IRootChain(deploy(RootChainCode.creation(), abi.encode(config)));
    }

    function check_claim_pays_the_owner_its_output_and_the_bond(Case memory c) external {
        if (!_claim(c)) return;
        assert(OWNER.balance == uint256(c.amount) + BOND - BOUNTY);
        assert(STRANGER.balance == BOUNTY);
        assert(address(chain).balance == uint256(c.balance) - c.amount - BOND);
    }

    function check_claim_ends_what_was_registered_and_held(Case memory c) external {
        if (!_claim(c)) return;
        (uint256 reserved, uint256 held) = chain.reserveOf(0);
        assert(reserved == uint256(c.reserved) - c.amount && held == uint256(c.held) - BOND);
    }

    /// @dev Together with the two properties above: older exits that were covered before stay covered.
    function check_claim_needs_money_for_all_that_is_older(Case memory c) external {
        if (!_claim(c)) return;
        assert(uint256(c.balance) >= uint256(c.reserved) + c.held);
    }

    function check_claim_needs_an_open_exit_whose_time_has_come(Case memory c) external {
        if (!_claim(c)) return;
        assert(c.status == uint8(IRootChainTypes.ExitStatus.Open) && c.time >= c.exitableAt);
    }

    function check_claim_works_when_its_time_has_come_and_all_is_covered(Case memory c) external {
        vm.assume(c.status == uint8(IRootChainTypes.ExitStatus.Open) && c.time >= c.exitableAt);
        vm.assume(uint256(c.balance) >= uint256(c.reserved) + c.held);
        assert(_claim(c));
    }

    /// @dev Later registrations are placed behind the block.
    function check_claim_passes_the_block_under_which_it_paid(Case memory c) external {
        if (!_claim(c)) return;
        assert(chain.passed() == (c.priority > c.passed ? c.priority : c.passed));
    }

    function check_claim_pays_once(Case memory c, uint40 later) external {
        if (!_claim(c)) return;
        vm.warp(later);
        (bool again,) = address(chain).call(_call(c));
        assert(!again);
    }

    function check_CONTROL_claim_never_works(Case memory c) external {
        assert(!_claim(c));
    }

    function check_CONTROL_claim_keeps_the_bond(Case memory c) external {
        if (!_claim(c)) return;
        assert(OWNER.balance == c.amount);
    }

    function check_CONTROL_claim_leaves_the_ledger(Case memory c) external {
        if (!_claim(c)) return;
        (uint256 reserved,) = chain.reserveOf(0);
        assert(reserved == c.reserved);
    }

    /// @dev The registered and held amounts include this exit, as its start has written them. No sum is tracked.
    function _claim(Case memory c) private returns (bool ok) {
        vm.assume(c.status <= 4 && c.reserved >= c.amount && c.held >= BOND && c.amount > 0);
        vm.assume(c.priority < 1 << 39 && c.priority & 1 == 0);
        put(address(chain), placeOf(bytes32(uint256(c.number)), RootChainCode.deposits), uint256(keccak256(_record(c))));
        bytes32 id = keccak256(abi.encodePacked(uint8(3), uint64(c.number)));
        uint256 word = uint256(c.status) | (uint256(c.exitableAt) << 8) | (uint256(_position(c)) << 48)
            | (uint256(c.priority) << 113);
        put(address(chain), placeOf(id, RootChainCode._exits), word);
        uint256 ledger = uint256(c.reserved) | (uint256(c.held) << 128) | (uint256(c.passed) << 216);
        put(address(chain), placeOf(0, RootChainCode._ledgers), ledger);
        put(address(chain), placeOf(bytes32(uint256(c.priority >> 1)), placeOf(0, RootChainCode._buckets)), c.reserved);
        vm.deal(address(chain), c.balance);
        vm.warp(c.time);
        vm.prank(STRANGER);
        (ok,) = address(chain).call(_call(c));
    }

    function _position(Case memory c) private pure returns (uint64) {
        return uint64((1 << 63) | (uint256(c.number) << 24));
    }

    function _record(Case memory c) private pure returns (bytes memory) {
        return abi.encodePacked(OWNER, uint16(0), c.amount, uint40(1));
    }

    function _call(Case memory c) private view returns (bytes memory) {
        IRootChainTypes.Item[] memory items = new IRootChainTypes.Item[](1);
        items[0] = IRootChainTypes.Item(_position(c), _record(c));
        return abi.encodeCall(chain.processExits, (items, new uint256[](0)));
    }
}
